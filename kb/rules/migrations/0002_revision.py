import uuid

from django.db import migrations


def first(apps, schema_editor):
    apps.get_model("rules", "RuleRevision").objects.get_or_create(pk=1, defaults={"token": uuid.uuid4().hex})


class Migration(migrations.Migration):
    dependencies = [("rules", "0001_rules")]
    operations = [migrations.RunPython(first, migrations.RunPython.noop)]
