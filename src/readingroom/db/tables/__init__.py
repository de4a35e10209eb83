"""The records, as tables. What must never happen is a constraint, not a convention.

Times are UTC text in ISO 8601 so that SQLite and PostgreSQL order and compare them alike.
"""

from readingroom.db.tables.accounts import AccountRow, AnswerRow
from readingroom.db.tables.base import Base
from readingroom.db.tables.events import EventRow
from readingroom.db.tables.notices import LapseRow, MailAddressRow, MailRow, NoticeRow
from readingroom.db.tables.people import (
    CredentialRow,
    InvitationRow,
    PersonRow,
    ProviderSubjectRow,
    QualificationRow,
    RecoveryCodeRow,
    SecondFactorRow,
    SignatureRow,
    SignInAddressRow,
)
from readingroom.db.tables.projects import (
    AfterReviewRow,
    ApplicationCommentRow,
    ExtractRow,
    GrantRow,
    MembershipRow,
    ProjectRow,
    RemovalRow,
    RowCountRow,
    SectionRow,
    VersionRow,
)
from readingroom.db.tables.requests import (
    CommentRow,
    DeliveryRow,
    DownloadRow,
    FileRow,
    GroupRow,
    MemoryRow,
    RecallRow,
    ReleaseRow,
    RequestRow,
    ResemblanceRow,
    ReviewRow,
    SignOffRow,
    VoteRow,
)
from readingroom.db.tables.training import TrainingRow
from readingroom.db.tables.workspaces import (
    DoorCounterRow,
    IncidentRow,
    PackageRequestRow,
    PackageRow,
    ProbeRow,
    ShownHourRow,
    TurnRow,
    WorkspaceRow,
)

__all__ = [
    "AccountRow", "AfterReviewRow", "AnswerRow", "ApplicationCommentRow", "Base", "CommentRow", "CredentialRow",
    "DeliveryRow", "DoorCounterRow", "DownloadRow", "EventRow", "ExtractRow", "FileRow", "GrantRow", "GroupRow",
    "IncidentRow", "InvitationRow", "LapseRow", "MailAddressRow", "MailRow", "MembershipRow", "MemoryRow",
    "NoticeRow", "PackageRequestRow", "PackageRow", "PersonRow", "ProbeRow", "ProjectRow", "ProviderSubjectRow",
    "QualificationRow", "RecallRow", "RecoveryCodeRow", "ReleaseRow", "RemovalRow", "RequestRow", "ResemblanceRow",
    "ReviewRow", "RowCountRow", "SecondFactorRow", "SectionRow", "ShownHourRow", "SignInAddressRow", "SignOffRow",
    "SignatureRow", "TrainingRow", "TurnRow", "VersionRow", "VoteRow", "WorkspaceRow",
]
