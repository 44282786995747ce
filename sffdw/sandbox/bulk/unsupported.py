"""Objects that neither Bulk API knows; definitions may add theirs with `bulkSupported: false`."""

from __future__ import annotations

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import SObject

_NAMES = frozenset(
    [
        "AcceptedEventRelation",
        "AttachedContentNote",
        "Attachment",
        "CaseStatus",
        "ContractStatus",
        "DeclinedEventRelation",
        "EventWhoRelation",
        "FieldSecurityClassification",
        "KnowledgeArticle",
        "KnowledgeArticleVersion",
        "KnowledgeArticleVersionHistory",
        "KnowledgeArticleViewStat",
        "KnowledgeArticleVoteStat",
        "LookedUpFromActivity",
        "Name",
        "NoteAndAttachment",
        "OpenActivity",
        "OrderStatus",
        "OwnedContentDocument",
        "PartnerRole",
        "QuoteTemplateRichTextData",
        "RecentlyViewed",
        "ServiceAppointmentStatus",
        "ShiftStatus",
        "SolutionStatus",
        "TaskPriority",
        "TaskStatus",
        "TaskWhoRelation",
        "UndecidedEventRelation",
        "UserRecordAccess",
        "WorkOrderLineItemStatus",
        "WorkOrderStatus",
    ]
)


def is_supported(sobject: SObject) -> bool:
    """Tell whether the Bulk APIs take an object."""
    return sobject.bulk_supported and sobject.name not in _NAMES and not sobject.name.endswith("Feed")


def check_supported(sobject: SObject) -> None:
    """Refuse an object that the Bulk APIs do not take."""
    if not is_supported(sobject):
        raise ApiError("INVALIDENTITY", f"Entity '{sobject.name}' is not supported by the Bulk API.")
