"""What fectl-http shows of a running fectld: metrics, probes, status and events. FECTL_KILLS=1000 kills as many."""

import json
import os
import shutil
import signal
import subprocess
import time

from prometheus_client.parser import text_string_to_metric_families

from testdata.e2e.harness import Place
from testdata.http.lookers import SERVICE, ByHand, Events, ask, can, samples, start, wait_until_ready
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import wait_until

_KILLS = int(os.environ.get("FECTL_KILLS", "25"))


def _lint(text: str) -> None:
    """By the rules of Prometheus' own manual, and by promtool where it is installed."""
    families = list(text_string_to_metric_families(text))
    assert families
    for family in families:
        assert family.name.startswith("fectl_") and family.documentation and family.samples, family.name
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total"), sample.name
            assert not {"pid", "le", "quantile", "__name__"} & set(sample.labels), sample
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    if promtool := shutil.which("promtool"):
        words = [promtool, "check", "metrics"]
        checked = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_metrics_tell_what_runs(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady"), num=3)
                   + place.service("bad", f"{place.guest('exits')} 3", restarts=1)
                   + place.service("idle", place.guest("steady"), autostart=False), port)
    master.wait_running("web", 3)
    master.wait_state("bad", "failed")
    wait_until(lambda: '\nfectl_service_state{service="bad",state="failed"} 1\n' in (can(port, "/metrics") or ""),
               "the failure shows")
    text = can(port, "/metrics")
    assert text is not None
    _lint(text)
    found = samples(text)
    assert found['fectl_service_workers_desired{service="web"}'] == 3
    assert found['fectl_service_workers{service="web",state="ready"}'] == 3
    assert found['fectl_service_state{service="web",state="running"}'] == 1
    assert found['fectl_service_state{service="idle",state="stopped"}'] == 1
    assert sum(value for name, value in found.items() if name.startswith('fectl_service_state{service="web"')) == 1
    assert found["fectl_config_drift"] == 0
    assert abs(found['fectl_worker_start_time_seconds{service="web",worker="2"}'] - time.time()) < 120
    assert found['fectl_worker_resident_memory_bytes{service="web",worker="3"}'] > 100_000
    # Which it says itself, with its next heartbeat.
    number = '\nfectl_worker_value{service="fectl-http",worker="1",name="open"} '
    wait_until(lambda: number in (can(port, "/metrics") or ""), "a worker's own number shows")
    (place.directory / "fectld.toml").touch()
    wait_until(lambda: "\nfectl_config_drift 1\n" in (can(port, "/metrics") or ""), "the drift shows")


def test_counters_never_fall_while_workers_are_killed(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady"), num=16), port)
    master.wait_running("web", 16)
    before: dict[str, float] = {}
    for kill in range(_KILLS):
        victim = master.pids("web")[kill % 16]
        os.kill(victim, signal.SIGKILL)
        master.wait_replaced("web", victim, 16)
        text = can(port, "/metrics")
        assert text is not None
        now = samples(text)
        for name, value in before.items():
            if name.partition("{")[0].endswith("_total"):
                assert now[name] >= value, name
        before = now
    wait_until(lambda: samples(can(port, "/metrics") or "").get('fectl_worker_restarts_total{service="web"}') == _KILLS,
               "each loss is counted")


def test_probes_say_whether_it_serves(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady"), num=2)
                   + place.service("jobs", place.guest("steady")), port)
    wait_until_ready(port, "/readyz")
    assert ask(port, "/healthz") == (200, "fectld answers\n")
    assert ask(port, "/readyz/web") == (200, '{"ready":true,"reasons":[]}\n')
    status, body = ask(port, "/readyz/nope")
    assert status == 404 and "there is no service nope" in body
    master.fectl_ok("pause", "web")
    wait_until(lambda: ask(port, "/readyz")[0] == 503, "a paused service is not ready")
    reasons = json.loads(ask(port, "/readyz")[1])["reasons"]
    assert [(one["service"], one["state"], one["ready"], one["wanted"]) for one in reasons] == [("web", "paused", 0, 2)]
    assert ask(port, "/readyz/jobs")[0] == 200
    master.fectl_ok("resume", "web")
    wait_until_ready(port, "/readyz")
    master.fectl_ok("stop", "jobs")
    wait_until(lambda: ask(port, "/readyz/jobs")[0] == 503, "a stopped service is not ready")
    assert ask(port, "/readyz")[0] == 200


def test_essential_services_are_those_that_count(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady"), num=2)
                   + place.service("jobs", place.guest("steady")), port, "--essential=web")
    wait_until_ready(port, "/readyz")
    master.fectl_ok("pause", "jobs")
    wait_until(lambda: ask(port, "/readyz/jobs")[0] == 503, "the pause shows")
    assert ask(port, "/readyz")[0] == 200
    master.fectl_ok("stop", "web")
    wait_until(lambda: ask(port, "/readyz")[0] == 503, "what is essential was stopped")


def test_a_fectld_that_hangs_or_is_gone_is_told(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    with ByHand(place) as hand:
        wait_until_ready(hand.port, "/healthz")
        master.signal(signal.SIGSTOP)
        try:
            wait_until(lambda: ask(hand.port, "/healthz") == (503, "fectld has not answered within 1 s\n"), "it hangs")
            assert ask(hand.port, "/readyz")[0] == 503
        finally:
            master.signal(signal.SIGCONT)
        wait_until_ready(hand.port, "/healthz")
        master.signal(signal.SIGTERM)
        master.wait_exit()
        status, body = ask(hand.port, "/readyz")
        assert status == 503 and "no fectld is listening on" in json.loads(body)["reasons"][0]["reason"]
        assert ask(hand.port, "/metrics")[0] == 503
        # And the next one is found.
        place.start(place.service("web", place.guest("steady")))
        wait_until_ready(hand.port, "/readyz/web")


def test_status_is_what_fectld_says(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady"), num=2), port)
    pids = master.wait_running("web", 2)
    view = json.loads(can(port, "/api/v1/status") or "")
    assert view["pid"] == master.pid
    web = {service["name"]: service for service in view["services"]}["web"]
    assert [worker["pid"] for worker in web["workers"]] == pids
    assert ask(port, "/api/v1/status", "HEAD") == (200, "")
    assert [worker["pid"] for worker in json.loads(can(port, "/api/v1/status/web") or "")["workers"]] == pids
    status, body = ask(port, "/api/v1/status/nope")
    assert status == 404 and "there is no service nope" in body


def test_events_come_and_go_on_where_one_was(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady")), port)
    first, = master.wait_running("web")
    with Events(port, "?types=worker.*&since=0") as events:
        os.kill(first, signal.SIGKILL)
        events.until(type="worker.lost", pid=first, event="message")
        seen = events.until(type="worker.ready", service="web")
        last = events.last
        assert last == f"{seen[-1]['seq']}-{seen[-1]['boot']}"
    # What happens while nobody follows.
    second, = master.wait_replaced("web", first)
    os.kill(second, signal.SIGKILL)
    master.wait_replaced("web", second)
    with Events(port, "?types=worker.*", last) as events:
        missed = events.until(type="worker.ready", service="web")
        assert missed[0]["type"] == "worker.lost" and missed[0]["pid"] == second
        assert missed[0]["seq"] > seen[-1]["seq"]
    with Events(port, f"?after={last}") as events:
        assert events.until(type="worker.lost")[-1]["pid"] == second
    with Events(port, "?since=0") as events:
        assert events.until(type="worker.lost")[0]["type"] == "master.started"


def test_a_stream_outlives_the_logger(place: Place) -> None:
    port = free_port()
    master = start(place, '[logs]\ndir = "logs"\n' + place.service("web", place.guest("steady")), port)

    def logger() -> str:
        words = ["pgrep", "-P", str(master.pid), "-f", "^fectl-log"]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()

    first, = master.wait_running("web")
    with Events(port, "?since=0") as events:
        os.kill(first, signal.SIGKILL)
        events.until(type="worker.lost", pid=first)
        second, = master.wait_replaced("web", first)
        old = logger()
        os.kill(int(old), signal.SIGKILL)
        wait_until(lambda: logger() not in ("", old), "there is another logger")
        os.kill(second, signal.SIGKILL)
        seen = events.until(type="worker.lost", pid=second)
        # Nothing twice, and nothing out of its order.
        numbers = [record["seq"] for record in seen if "seq" in record]
        assert numbers == sorted(set(numbers))


def test_wrong_queries_are_explained(place: Place) -> None:
    place.start(place.service("web", place.guest("steady")))
    with ByHand(place) as hand:
        status, body = ask(hand.port, "/api/v1/events?since=yesterday")
        assert status == 400 and '"since=yesterday"' in body
        assert ask(hand.port, "/api/v1/events", Last_Event_ID="x")[0] == 400


def test_the_page_is_whole_and_of_here(place: Place) -> None:
    place.start(place.service("web", place.guest("steady")))
    with ByHand(place) as hand:
        page = can(hand.port, "/") or ""
        assert "<title>fectl</title>" in page
        wanted = ["/" + part.partition('"')[0] for part in page.split('="/')[1:]] + ["/tables.js", "/live.js"]
        assert {"/page.js", "/page.css", "/icon.svg"} <= set(wanted)
        for path in wanted:
            text = can(hand.port, path)
            assert text, path
            assert "://" not in text.replace("http://www.w3.org/2000/svg", ""), f"{path} names another host"
            assert "innerHTML" not in text and "insertAdjacentHTML" not in text, path


def test_its_own_death_and_reload_harm_nobody(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady")), port)
    first, = master.wait_running(SERVICE)
    with Events(port) as events:
        os.kill(first, signal.SIGKILL)
        assert list(events.records()) == []
    master.wait_replaced(SERVICE, first)
    wait_until_ready(port)
    for _ in range(3):
        before = master.pids(SERVICE)
        with Events(port) as events:
            reload = subprocess.Popen([str(place.fectl_program), "--sock", master.sock, "reload", SERVICE])
            try:
                while reload.poll() is None:
                    assert ask(port, f"/readyz/{SERVICE}")[0] == 200
                assert reload.returncode == 0
            finally:
                reload.kill()
                reload.wait()
            # The stream of the old one has ended, in order.
            assert all(record["event"] == "message" for record in events.records())
        assert master.pids(SERVICE) != before
    assert json.loads(can(port, "/api/v1/status") or "")["services"][-1]["undrained"] == 0
