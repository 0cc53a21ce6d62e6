import logging

from django.core.cache import cache
from django.db import connection
from django.http import Http404, JsonResponse

from .models import Ticker
from .tasks import ping

log = logging.getLogger(__name__)


def status(is_healthy):
    return JsonResponse({"status": "healthy" if is_healthy else "unhealthy"}, status=200 if is_healthy else 503)


def app_health(request):
    cache.set("health", "here", 10)
    return status(cache.get("health") == "here")


def database_health(request):
    connection.ensure_connection()
    return status(connection.is_usable())


def celery_health(request):
    try:
        return status(ping.apply_async(expires=5).get(timeout=3) == "pong")
    except Exception:
        log.exception("no worker has answered")
        return status(False)


def tickers_health(request):
    return status(Ticker.objects.exists())


def quotes_health(request):
    return status(Ticker.objects.exists() and not Ticker.objects.filter(price=None).exists())


def shown(found):
    price = None if found.price is None else str(found.price)
    return {"symbol": found.symbol, "name": found.name, "price": price}


def tickers(request):
    return JsonResponse({"tickers": [shown(each) for each in Ticker.objects.order_by("symbol")]})


def ticker(request, symbol):
    found = Ticker.objects.filter(symbol=symbol).first()
    if found is None:
        raise Http404
    log.info("%s was asked for", symbol)
    return JsonResponse(shown(found))
