from django.db import migrations


def summed(apps, _schema_editor):
    """Take the metadata and thumbnails of older releases as they lie now; empty for what is not."""
    from readerstudy.imaging import objects, store

    packed = apps.get_model("imaging", "Series").objects.exclude(pack_sha256="").order_by()
    for series in packed.filter(metadata_sha256="").select_related("examination").iterator():
        folder = store.series_folder(series.examination.collection_id, series.pk)
        packed.filter(pk=series.pk, metadata_sha256="", pack_sha256=series.pack_sha256).update(
            metadata_sha256=objects.checksum(folder / store.METADATA),
            thumbnail_sha256=objects.checksum(folder / store.THUMBNAIL),
        )


class Migration(migrations.Migration):
    atomic = False  # it reads two files a series: no table is locked meanwhile; safe to repeat

    dependencies = [
        ("imaging", "0013_checksums_beside_packs"),
    ]

    operations = [migrations.RunPython(summed, migrations.RunPython.noop)]
