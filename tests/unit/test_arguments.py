"""What numbers the commands take: others are refused before anything is made."""

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize(
    ("command", "option", "words"),
    [
        ("make_demo", "--cases=-3", "-3 is no whole number from 4 on"),
        ("make_demo", "--cases=3", "3 is no whole number from 4 on"),
        ("make_demo", "--cases=four", "four is no whole number from 4 on"),
        ("make_demo", "--training=0", "0 is no whole number from 1 on"),
        ("show_demo", "--port=0", "0 is no port: give one from 1 to 65535"),
        ("dicom_receiver", "--port=65536", "65536 is no port: give one from 1 to 65535"),
        ("dicom_receiver", "--associations=0", "0 is no whole number from 1 on"),
    ],
)
def test_a_command_says_which_numbers_it_takes(command: str, option: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command(command, option)
