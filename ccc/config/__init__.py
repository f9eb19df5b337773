"""What comes from the team's files: settings and roles, validated with file, line and key."""
