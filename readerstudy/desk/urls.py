"""The desk's addresses."""

from django.urls import path

from readerstudy.desk.views import asking, cases, definition, images, overview, running, standard

app_name = "desk"
ONE = "studies/<uuid:study_id>"
urlpatterns = [
    path("studies/", overview.studies, name="list"),
    path("studies/new/", overview.new, name="new"),
    path(f"{ONE}/", overview.detail, name="detail"),
    path(f"{ONE}/progress/", overview.progress, name="progress"),
    path(f"{ONE}/progress/<uuid:reader_id>/open/", overview.open_early, name="open-early"),
    path(f"{ONE}/progress/live/", overview.live_part, name="live"),
    path(f"{ONE}/progress/remind/", overview.remind, name="remind"),
    path(f"{ONE}/progress/decide/", overview.decide, name="decide"),
    path(f"{ONE}/suspend/", running.suspend, name="suspend"),
    path(f"{ONE}/reads/", running.read_list, name="reads"),
    path(f"{ONE}/reads/<uuid:read_id>/void/", running.void, name="void"),
    path(f"{ONE}/amend/", running.amend, name="amend"),
    path(f"{ONE}/describe/", overview.describe, name="describe"),
    path(f"{ONE}/protocol/", overview.protocol, name="protocol"),
    path(f"{ONE}/protocol.yaml", overview.protocol_file, name="protocol-file"),
    path(f"{ONE}/copy/", overview.copy, name="copy"),
    path(f"{ONE}/lock/", overview.lock, name="lock"),
    path(f"{ONE}/start/", overview.start, name="start"),
    path(f"{ONE}/cases/", cases.cases, name="cases"),
    path(f"{ONE}/cases/take/", cases.take, name="take"),
    path(f"{ONE}/cases/results/", cases.deliver, name="deliver"),
    path(f"{ONE}/cases/<uuid:case_id>/", cases.change, name="case"),
    path(f"{ONE}/images/", images.images, name="images"),
    path(f"{ONE}/images/held/", images.held, name="held"),
    path(f"{ONE}/images/held/<uuid:held_id>.png", images.held_picture, name="held-picture"),
    path(f"{ONE}/uploads/<uuid:upload_id>/", images.upload, name="upload"),
    path(f"{ONE}/examinations/<uuid:examination_id>/", images.examination, name="examination"),
    path(
        f"{ONE}/examinations/<uuid:examination_id>/face/<uuid:series_id>.png",
        images.face,
        name="face",
    ),
    path(f"{ONE}/standard/", standard.standard, name="standard"),
    path(f"{ONE}/standard/table/", standard.table, name="standard-table"),
    path(f"{ONE}/standard/case-set/", standard.case_set, name="standard-case-set"),
    path(f"{ONE}/standard/drawn/", standard.drawn, name="standard-drawn"),
    path(f"{ONE}/standard/<uuid:case_id>/", standard.case, name="standard-case"),
    path(f"{ONE}/questions/", definition.questions, name="questions"),
    path(f"{ONE}/questionnaires/", asking.questionnaires, name="questionnaires"),
    path(f"{ONE}/arms/", definition.arms, name="arms"),
    path(f"{ONE}/readers/", definition.readers, name="readers"),
    path(f"{ONE}/readers/change/", definition.change_people, name="change-people"),
    path(f"{ONE}/plan/", definition.plan_page, name="plan"),
]
