from decimal import Decimal
from unittest.mock import patch

from django.core.management import call_command
from django.test import TestCase

from .models import Ticker
from .tasks import update_quotes


class Tickers(TestCase):
    def setUp(self):
        call_command("loaddefaulttickers", verbosity=0)

    def test_are_loaded_once(self):
        call_command("loaddefaulttickers", verbosity=0)
        self.assertEqual(Ticker.objects.count(), 3)

    def test_have_no_price_at_first(self):
        self.assertEqual(self.client.get("/health/quotes-updated").json(), {"status": "unhealthy"})

    @patch("stock.tickers.quotes.fetch", return_value={"ACME": Decimal("12.50")})
    def test_get_the_price_that_the_source_tells(self, fetch):
        update_quotes()
        self.assertEqual(self.client.get("/tickers/ACME").json()["price"], "12.50")

    def test_that_nobody_has_loaded_are_not_there(self):
        self.assertEqual(self.client.get("/tickers/NONE").status_code, 404)
