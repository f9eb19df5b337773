import unittest

from shop.routes import answer


class Routes(unittest.TestCase):
    def test_the_start_page_welcomes(self) -> None:
        self.assertEqual(answer("/"), "welcome")

    def test_an_unknown_path_is_not_found(self) -> None:
        self.assertEqual(answer("/nowhere"), "not found")
