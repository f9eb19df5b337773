"""The MCP server for an orchestrating agent; importing its modules costs 0.6 s (`mcp`)."""
