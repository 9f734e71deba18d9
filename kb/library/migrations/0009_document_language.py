from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0008_archive_members")]

    operations = [
        migrations.AddField("document", "language", models.CharField(blank=True, max_length=8)),
    ]
