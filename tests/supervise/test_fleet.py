from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from kb.celery import app
from kb.conf import Config, config, load
from kb.supervise.fleet import Fleet, local_address, plan, web_command, worker_name
from kb.supervise.supervisor import STOP_WITHIN_S


def config_from(tmp_path: Path, **environment: str) -> Config:
    return load({"KB_DATA_DIR": str(tmp_path), **environment})


@pytest.fixture
def planned(tmp_path: Path) -> Fleet:
    (tmp_path / "run").mkdir()
    return plan(config_from(tmp_path), {}, Path("/code"), "the-token")


def names(fleet: Fleet) -> list[list[str]]:
    return [[process.name for process in stage] for stage in fleet.stages]


def commands(fleet: Fleet) -> Mapping[str, tuple[str, ...]]:
    return {process.name: process.argv for stage in fleet.stages for process in stage}


def test_redis_comes_first_and_the_site_last(planned: Fleet) -> None:
    assert names(planned) == [["valkey"], ["search", "llm", "worker", "beat"], ["web"]]


def test_children_are_told_where_the_others_listen(planned: Fleet) -> None:
    search_port = commands(planned)["search"][-1]
    llm_port = commands(planned)["llm"][-1]

    assert planned.endpoints == {
        "KB_REDIS_URL": f"redis+socket://{planned.socket}",
        "KB_SEARCH_URL": f"http://127.0.0.1:{search_port}",
        "KB_LLM_URL": f"http://127.0.0.1:{llm_port}/v1",
        "KB_LLM_API_KEY": "the-token",
    }
    assert planned.endpoints.items() <= planned.environment.items()


@pytest.mark.parametrize(
    ("name", "value", "absent"),
    [
        ("KB_REDIS_URL", "redis://other:6379/0", "valkey"),
        ("KB_SEARCH_URL", "http://other:9000", "search"),
        ("KB_LLM_URL", "http://other:9000/v1", "llm"),
    ],
)
def test_part_that_runs_elsewhere_is_not_started(tmp_path: Path, name: str, value: str, absent: str) -> None:
    (tmp_path / "run").mkdir()

    fleet = plan(config_from(tmp_path, **{name: value}), {name: value}, Path("/code"), "the-token")

    assert absent not in commands(fleet)
    assert name not in fleet.endpoints
    assert fleet.environment[name] == value


def test_outside_model_never_gets_the_internal_token(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    environment = {"KB_LLM_URL": "http://other/v1"}

    fleet = plan(config_from(tmp_path, **environment), environment, Path("/code"), "the-token")

    assert "the-token" not in {**fleet.endpoints, **fleet.environment}.values()


def test_addresses_that_a_killed_run_left_behind_do_not_count_as_the_users(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (run_dir / "endpoints.json").write_text(
        '{"KB_REDIS_URL": "redis+socket:///old", "KB_LLM_URL": "http://old"}'
    )

    fleet = plan(config_from(tmp_path), {}, Path("/code"), "the-token")

    assert "valkey" in commands(fleet)
    assert "llm" in commands(fleet)
    assert "old" not in " ".join(fleet.endpoints.values())


def test_only_the_language_model_may_be_missing(planned: Fleet) -> None:
    optional = [process.name for stage in planned.stages for process in stage if not process.required]

    assert optional == ["llm"]


def test_stages_can_all_stop_within_the_time_a_person_waits(planned: Fleet) -> None:
    assert sum(max(process.stop_s for process in stage) for stage in planned.stages) <= STOP_WITHIN_S


def test_worker_name_differs_between_data_folders() -> None:
    assert worker_name(Path("/a")) != worker_name(Path("/b"))
    assert worker_name(Path("/a")) == worker_name(Path("/a"))


def test_proxy_headers_are_believed_only_behind_a_proxy(tmp_path: Path) -> None:
    """case 21: without a proxy, X-Forwarded-For is a stranger's claim."""
    alone = web_command(config_from(tmp_path))
    behind = web_command(config_from(tmp_path, KB_PUBLIC_URL="https://kb.example.org"))

    assert "--no-proxy-headers" in alone
    assert "--proxy-headers" in behind


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("10.0.0.5", "http://10.0.0.5:8000"),
    ],
)
def test_own_web_server_is_asked_where_it_listens(tmp_path: Path, host: str, address: str) -> None:
    assert local_address(config_from(tmp_path, KB_HOST=host)) == address


def test_worker_has_more_threads_than_documents_at_a_time(planned: Fleet) -> None:
    """Else documents that take long would hold up the sweep, the purge and the sources."""
    assert "--concurrency" not in commands(planned)["worker"]
    assert app.conf.worker_concurrency > config.worker_threads + 1
