import os

SECRET_KEY = os.environ.get("SECRET_KEY", "only for tests")
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.staticfiles", "stock.tickers"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "stock.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("POSTGRES_HOST", "db"),
        "NAME": os.environ.get("POSTGRES_DB", "stock"),
        "USER": os.environ.get("POSTGRES_USER", "stock"),
        "PASSWORD": os.environ.get("POSTGRES_PASSWORD", "stock"),
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ.get("REDIS_URL", "redis://redis:6379"),
    }
}
STATIC_URL = "/static/"
STATIC_ROOT = "/var/www/static"

CELERY_BROKER_URL = os.environ.get("BROKER_URL", "amqp://stock:stock@rabbitmq:5672//")
CELERY_RESULT_BACKEND = CACHES["default"]["LOCATION"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ROUTES = {"stock.tickers.tasks.update_quotes": {"queue": "quotes"}}
CELERY_BEAT_SCHEDULE = {
    "update-quotes": {"task": "stock.tickers.tasks.update_quotes", "schedule": 2.0},
}

QUOTES_URL = os.environ.get("QUOTES_URL", "http://quotes:8000")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
