import re

from django.db import migrations

# Files' attributes as we wrote them: Study Date and Time come in the first instance, before what
# could hold others.
DATE = re.compile(rb'"00080020":\{"vr":"DA","Value":\["([0-9]{8})"\]')
TIME = re.compile(rb'"00080030":\{"vr":"TM","Value":\["([0-9]{6}(?:\.[0-9]{1,6})?)"\]')
HEAD = 16 * 1024


def dated(apps, _schema_editor):
    """Take the dates of examinations out of the metadata of their series."""
    from readerstudy.imaging import da, objects, store

    for examination in apps.get_model("imaging", "Examination").objects.order_by().iterator():
        packed = examination.series.exclude(pack_sha256="").order_by("number", "id")
        for pk in packed.values_list("pk", flat=True)[:3]:
            folder = store.series_folder(examination.collection_id, pk)
            try:
                if objects.is_used():
                    head = objects.read(folder / store.METADATA)[:HEAD]
                else:
                    with (folder / store.METADATA).open("rb") as file:
                        head = file.read(HEAD)
            except FileNotFoundError:  # of a storage that does not answer nothing is said
                continue
            date, time = DATE.search(head), TIME.search(head)
            if date or time:
                examination.study_date = da.day(date[1].decode()) if date else None
                examination.study_time = da.clock(time[1].decode()) if time else None
                examination.save(update_fields=["study_date", "study_time"])
                break


class Migration(migrations.Migration):
    atomic = False  # it reads a file an examination: no table is locked meanwhile; safe to repeat

    dependencies = [
        ("imaging", "0011_study_dates"),
    ]

    operations = [migrations.RunPython(dated, migrations.RunPython.noop)]
