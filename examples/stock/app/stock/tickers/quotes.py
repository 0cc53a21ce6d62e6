"""Asks the source of quotes."""

import json
from decimal import Decimal
from urllib.request import urlopen

from django.conf import settings


def fetch(symbols):
    """Prices by symbol, of those that the source knows."""
    address = f"{settings.QUOTES_URL}/quotes?symbols={','.join(symbols)}"
    with urlopen(address, timeout=5) as response:
        return {symbol: Decimal(price) for symbol, price in json.load(response).items()}
