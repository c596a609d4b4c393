"""What changes studies: one function a use case, each one transaction and one audit entry."""

from readerstudy.studies.services.cases import (
    add_case,
    add_cases,
    declare_without_proposals,
    set_case_kind,
    withdraw_case,
)
from readerstudy.studies.services.defining import (
    copy_study,
    create_study,
    describe,
    export_protocol,
    import_protocol,
    set_analysis_plan,
    set_arms,
    set_design,
    set_pass_mark,
    set_questionnaires,
    set_questions,
)
from readerstudy.studies.services.locking import amend, check, lock
from readerstudy.studies.services.people import (
    add_reader,
    grant_role,
    override_washout,
    revoke_role,
    withdraw_reader,
)
from readerstudy.studies.services.priors import set_prior
from readerstudy.studies.services.running import archive, close, halt, move, resume, start
from readerstudy.studies.services.showing import (
    set_explanations,
    set_hanging,
    set_lesion_classification,
    set_mark_scale,
)

__all__ = [
    "add_case",
    "add_cases",
    "add_reader",
    "amend",
    "archive",
    "check",
    "close",
    "copy_study",
    "create_study",
    "declare_without_proposals",
    "describe",
    "export_protocol",
    "grant_role",
    "halt",
    "import_protocol",
    "lock",
    "move",
    "override_washout",
    "resume",
    "revoke_role",
    "set_analysis_plan",
    "set_arms",
    "set_case_kind",
    "set_design",
    "set_explanations",
    "set_hanging",
    "set_lesion_classification",
    "set_mark_scale",
    "set_pass_mark",
    "set_prior",
    "set_questionnaires",
    "set_questions",
    "start",
    "withdraw_case",
    "withdraw_reader",
]
