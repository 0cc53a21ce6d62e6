from django.core.management.base import BaseCommand

from stock.tickers.models import Ticker

DEFAULT = {"ACME": "Acme Corporation", "INIT": "Initech", "HOOL": "Hooli"}


class Command(BaseCommand):
    help = "Loads the tickers that are followed from the start."

    def handle(self, *args, **options):
        for symbol, name in DEFAULT.items():
            Ticker.objects.get_or_create(symbol=symbol, defaults={"name": name})
        self.stdout.write(f"{len(DEFAULT)} tickers loaded")
