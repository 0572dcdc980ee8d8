"""Tests of $name with real containers, by `capas build`, then `pytest`.

Both come by `pip install '.[pytest]'` in a checkout of capas.

They run on throw-away copies of the services of the spec; what is deployed is never touched.
"""


def visits(service):
    return int(service.exec("cat /data/* | wc -c").output)


def test_it_answers(service):
    answer = service.get("/")
    assert answer.status == 200
    assert "visits" in answer.text


def test_every_replica_answers(service):
    assert len(service.replicas) == 2
    for replica in service.replicas:
        assert replica.get("/healthz").status == 200


def test_visits_survive_a_kill(service):
    service.get("/")
    before = visits(service)
    service.kill()
    service.start()
    assert visits(service) == before


def test_visits_come_back_from_a_backup(service):
    service.get("/")
    before = visits(service)
    backup = service.volume("data").backup()
    service.exec("rm /data/*")
    service.volume("data").restore(backup)
    assert visits(service) == before


def test_podman_py_sees_the_same_container(service, podman_client):
    container = podman_client.containers.get(service.container)
    assert container.status == "running"
