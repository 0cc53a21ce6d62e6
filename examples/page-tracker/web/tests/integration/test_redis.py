from page_tracker.app import app, redis


def test_keeps_the_count_in_redis():
    redis.set("page_views", 4)
    response = app.test_client().get("/")
    assert response.text == "This page has been seen 5 times."
    assert redis.get("page_views") == b"5"
