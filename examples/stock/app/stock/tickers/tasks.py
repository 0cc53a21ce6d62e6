import logging

from celery import shared_task
from django.utils import timezone

from . import quotes
from .models import Ticker

log = logging.getLogger(__name__)


@shared_task
def ping():
    return "pong"


@shared_task
def update_quotes():
    prices = quotes.fetch(list(Ticker.objects.values_list("symbol", flat=True)))
    for symbol, price in prices.items():
        Ticker.objects.filter(symbol=symbol).update(price=price, updated_at=timezone.now())
    log.info("updated %d quotes", len(prices))
