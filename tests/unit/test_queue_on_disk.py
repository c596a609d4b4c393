"""B5: the embedded broker's files appear whole, whoever looks in between, and none is lost."""

import multiprocessing
from pathlib import Path

import pytest
from kombu import Connection

from readerstudy import queue_on_disk

MESSAGES = 300


def connection(folder: Path) -> Connection:
    return Connection(
        f"{queue_on_disk.SCHEME}://localhost/",
        transport_options={
            "data_folder_in": str(folder),
            "data_folder_out": str(folder),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.01,
        },
    )


def send(folder: Path, start: int) -> None:
    """A process that writes messages as fast as it can."""
    with connection(folder) as broker:
        queue = broker.SimpleQueue("gpu")
        for number in range(start, start + MESSAGES):
            queue.put({"number": number, "padding": "x" * 5000})
        queue.close()


@pytest.mark.fault("B5")
def test_a_reader_never_sees_half_a_message(tmp_path: Path) -> None:
    """Two processes write while this one reads; kombu's own transport fails here in seconds."""
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=send, args=(tmp_path, start)) for start in (0, MESSAGES)]
    seen: list[int] = []
    with connection(tmp_path) as broker:
        queue = broker.SimpleQueue("gpu")
        for writer in writers:
            writer.start()
        while len(seen) < 2 * MESSAGES:
            message = queue.get(timeout=60)
            seen.append(message.payload["number"])
            message.ack()
        queue.close()
    for writer in writers:
        writer.join()
    assert sorted(seen) == list(range(2 * MESSAGES))
    assert not list(tmp_path.glob(".*"))


def test_queues_bound_at_once_are_all_kept(tmp_path: Path) -> None:
    with connection(tmp_path) as broker:
        channel = broker.channel()
        for name in ("cpu", "gpu", "cpu"):
            channel._queue_bind("work", name, "", name)
        assert {row.queue for row in channel.get_table("work")} == {"cpu", "gpu"}
        channel._delete("cpu", "work", "cpu", "")
        assert [row.queue for row in channel.get_table("work")] == ["gpu"]
        assert channel.get_table("nobody") == []


def test_messages_leave_in_the_order_they_came(tmp_path: Path) -> None:
    with connection(tmp_path) as broker:
        queue = broker.SimpleQueue(
            "ordered"
        )  # kombu remembers a process's queues, whatever the folder
        for number in range(5):
            queue.put(number)
        for number in range(5):
            message = queue.get(timeout=60)
            assert message.payload == number
            message.ack()
        queue.close()
