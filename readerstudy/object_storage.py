"""How the platform talks to an S3-compatible object storage, as an entry of `STORAGES`."""

from typing import Any

CONNECT_SECONDS, READ_SECONDS, TRIES = 5, 30, 5


def s3_storage(bucket: str, *, endpoint: str = "", prefix: str = "") -> dict[str, Any]:
    """An entry for a bucket; keys, region and session come from the usual AWS variables.

    Parameters
    ----------
    endpoint : str, optional
        The service's URL; empty for Amazon's.
    prefix : str, optional
        What the names of all objects begin with, without slashes around it.
    """
    from botocore.config import Config  # a second's import that only such a site pays for

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"max_attempts": TRIES, "mode": "standard"},
        signature_version="s3v4",
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    options: dict[str, Any] = {
        "bucket_name": bucket,
        "location": prefix,
        "file_overwrite": True,
        "default_acl": None,
        "client_config": config,
        "max_memory_size": 8 * 1024**2,
    }
    if endpoint:
        options["endpoint_url"] = endpoint
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
