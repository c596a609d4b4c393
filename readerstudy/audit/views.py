"""The audit trail's page: search it, verify it. For administrators."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from readerstudy.audit import anchoring, naming, selectors
from readerstudy.audit.models import Verification
from readerstudy.web.problems import Invalid, Unknown

PER_PAGE = 50


@login_required
@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    """One chain, newest first, with search; and what verification finds when asked."""
    if not getattr(request.user, "is_staff", False):
        raise Unknown
    chain = request.GET.get("chain", "platform")
    study = None if chain == "platform" else _uuid(chain)
    found = selectors.entries(
        study=study,
        actor=request.GET.get("actor", ""),
        action=request.GET.get("action", ""),
        words=request.GET.get("words", ""),
    )
    names = naming.named()
    chains = [head.chain for head in selectors.heads()]
    chains.sort(key=lambda each: (each != "platform", names.get(each, ""), each))
    breaks = selectors.verify() if "verify" in request.GET else []
    nightly = Verification.objects.first()
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "chains": [(each, names.get(each, "")) for each in chains],
        "chain": chain,
        "asked": "verify" in request.GET,
        "breaks": [(each, names.get(each.chain, "")) for each in breaks],
        "nightly": nightly,
        "found_at_night": [_with_name(each, names) for each in nightly.breaks] if nightly else [],
        "fingerprint": anchoring.fingerprint(),
    }
    return render(request, "audit/trail.html", context)


@login_required
@require_POST
def anchor(request: HttpRequest) -> HttpResponse:
    """A signed anchor of every chain as a file, for somebody outside to keep."""
    if not getattr(request.user, "is_staff", False):
        raise Unknown
    made = anchoring.anchor(by=request.user)
    response = HttpResponse(anchoring.as_text(made), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="anchor-{made["at"][:10]}.json"'
    return response


def _with_name(words: str, names: Mapping[str, str]) -> str:
    """What a night found, which begins with the chain, after the name that the chain has now."""
    name = names.get(words.partition(" ")[0])
    return f"{name}, {words}" if name else words


def _uuid(chain: str) -> UUID:
    try:
        return UUID(chain)
    except ValueError:
        raise Invalid("audit.chain", "There is no such chain.") from None
