from django.urls import path

from stock.tickers import views

urlpatterns = [
    path("health/app", views.app_health),
    path("health/database", views.database_health),
    path("health/celery", views.celery_health),
    path("health/tickers-loaded", views.tickers_health),
    path("health/quotes-updated", views.quotes_health),
    path("tickers", views.tickers),
    path("tickers/<str:symbol>", views.ticker),
]
