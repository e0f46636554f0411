"""The scopes of every method of the contract, of which a caller needs one.

`admin` allows everything in its sandbox (`Caller.has_any`), and is listed only where no other scope does.
"""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.domain.access import Scope

_ADMIN = frozenset({Scope.ADMIN})
_APPROVE = frozenset({Scope.APPROVE})
_AUTHOR = frozenset({Scope.AUTHOR})
_AUTHOR_OR_TRIGGER = frozenset({Scope.AUTHOR, Scope.TRIGGER})
_READ = frozenset({Scope.READ})
_READ_OR_AUTHOR = frozenset({Scope.READ, Scope.AUTHOR})
_AUTHOR_OR_APPROVE = frozenset({Scope.AUTHOR, Scope.APPROVE})
_READ_AUTHOR_OR_APPROVE = frozenset({Scope.READ, Scope.AUTHOR, Scope.APPROVE})
_READ_AUTHOR_OR_TRIGGER = frozenset({Scope.READ, Scope.AUTHOR, Scope.TRIGGER})
_READ_OR_TRIGGER = frozenset({Scope.READ, Scope.TRIGGER})
_TRIGGER = frozenset({Scope.TRIGGER})

#: The scopes by the path of the method.
SCOPES: Mapping[str, frozenset[Scope]] = {
    "/clarion.v1.AllowListService/GetAllowList": _READ,
    "/clarion.v1.AllowListService/UpdateAllowList": _ADMIN,
    "/clarion.v1.ApiKeyService/CreateApiKey": _ADMIN,
    "/clarion.v1.ApiKeyService/ListApiKeys": _ADMIN,
    "/clarion.v1.ApiKeyService/RevokeApiKey": _ADMIN,
    "/clarion.v1.AttachmentService/UploadAttachment": _AUTHOR_OR_TRIGGER,
    "/clarion.v1.AttachmentService/CreateAttachment": _AUTHOR_OR_TRIGGER,
    "/clarion.v1.AttachmentService/GetAttachment": _READ_AUTHOR_OR_TRIGGER,
    "/clarion.v1.AttachmentService/ListAttachments": _READ_AUTHOR_OR_TRIGGER,
    "/clarion.v1.AttachmentService/DeleteAttachment": _AUTHOR,
    "/clarion.v1.AudienceService/CreateAudience": _AUTHOR,
    "/clarion.v1.AudienceService/GetAudience": _READ_OR_AUTHOR,
    "/clarion.v1.AudienceService/ListAudiences": _READ_OR_AUTHOR,
    "/clarion.v1.AudienceService/UpdateAudience": _AUTHOR,
    "/clarion.v1.AudienceService/DeleteAudience": _AUTHOR,
    "/clarion.v1.AudienceService/UploadIdentities": _AUTHOR_OR_TRIGGER,
    "/clarion.v1.AudienceService/CountAudience": _READ_OR_AUTHOR,
    "/clarion.v1.AudienceService/SampleAudience": _READ,
    "/clarion.v1.ApprovalPolicyService/CreateApprovalPolicy": _ADMIN,
    "/clarion.v1.ApprovalPolicyService/GetApprovalPolicy": _READ_AUTHOR_OR_APPROVE,
    "/clarion.v1.ApprovalPolicyService/ListApprovalPolicies": _READ_AUTHOR_OR_APPROVE,
    "/clarion.v1.ApprovalPolicyService/UpdateApprovalPolicy": _ADMIN,
    "/clarion.v1.ApprovalPolicyService/DeleteApprovalPolicy": _ADMIN,
    "/clarion.v1.ApprovalService/GetApproval": _READ_AUTHOR_OR_APPROVE,
    "/clarion.v1.ApprovalService/ListApprovalSteps": _READ_AUTHOR_OR_APPROVE,
    "/clarion.v1.ApprovalService/SubmitForApproval": _AUTHOR,
    "/clarion.v1.ApprovalService/Approve": _APPROVE,
    "/clarion.v1.ApprovalService/RequestChanges": _APPROVE,
    "/clarion.v1.ApprovalService/CancelApproval": _AUTHOR_OR_APPROVE,
    "/clarion.v1.ApprovalService/CommentOnApproval": _AUTHOR_OR_APPROVE,
    "/clarion.v1.CampaignService/CreateCampaign": _AUTHOR,
    "/clarion.v1.CampaignService/GetCampaign": _READ_OR_AUTHOR,
    "/clarion.v1.CampaignService/ListCampaigns": _READ_OR_AUTHOR,
    "/clarion.v1.CampaignService/ListTags": _READ_OR_AUTHOR,
    "/clarion.v1.CampaignService/DuplicateCampaign": _AUTHOR,
    "/clarion.v1.CampaignService/UpdateCampaign": _AUTHOR,
    "/clarion.v1.CampaignService/DeleteCampaign": _AUTHOR,
    "/clarion.v1.CampaignService/ListCampaignVersions": _READ_OR_AUTHOR,
    "/clarion.v1.CampaignService/GetCampaignVersion": _READ_OR_AUTHOR,
    "/clarion.v1.CampaignService/DiffCampaignVersions": _READ_OR_AUTHOR,
    "/clarion.v1.CampaignService/ReviewCampaign": _READ_OR_AUTHOR,
    "/clarion.v1.CampaignService/ActivateCampaign": _APPROVE,
    "/clarion.v1.CampaignService/PauseCampaign": _APPROVE,
    "/clarion.v1.CampaignService/ResumeCampaign": _APPROVE,
    "/clarion.v1.CampaignService/StopCampaign": _APPROVE,
    "/clarion.v1.CampaignService/ArchiveCampaign": _AUTHOR,
    "/clarion.v1.CampaignService/UnarchiveCampaign": _AUTHOR,
    "/clarion.v1.CampaignService/PreviewCampaign": _READ_OR_AUTHOR,
    "/clarion.v1.CampaignService/GetTriggerSample": _READ_AUTHOR_OR_TRIGGER,
    "/clarion.v1.ChannelConfigurationService/CreateChannelConfiguration": _ADMIN,
    "/clarion.v1.ChannelConfigurationService/GetChannelConfiguration": _READ_OR_AUTHOR,
    "/clarion.v1.ChannelConfigurationService/ListChannelConfigurations": _READ_OR_AUTHOR,
    "/clarion.v1.ChannelConfigurationService/UpdateChannelConfiguration": _ADMIN,
    "/clarion.v1.ChannelConfigurationService/DeleteChannelConfiguration": _ADMIN,
    "/clarion.v1.ChannelConfigurationService/VerifyChannelConfiguration": _ADMIN,
    "/clarion.v1.ConsentService/SetConsents": _TRIGGER,
    "/clarion.v1.ConsentService/GetConsents": _READ_OR_TRIGGER,
    "/clarion.v1.ConsentService/GetConsentSettings": _READ_AUTHOR_OR_TRIGGER,
    "/clarion.v1.ConsentService/UpdateConsentSettings": _ADMIN,
    "/clarion.v1.ExecutionService/GetExecution": _READ,
    "/clarion.v1.ExecutionService/ListExecutions": _READ,
    "/clarion.v1.ExecutionService/CancelExecution": _TRIGGER,
    "/clarion.v1.IdentityNamespaceService/CreateIdentityNamespace": _AUTHOR,
    "/clarion.v1.IdentityNamespaceService/GetIdentityNamespace": _READ_AUTHOR_OR_TRIGGER,
    "/clarion.v1.IdentityNamespaceService/ListIdentityNamespaces": _READ_AUTHOR_OR_TRIGGER,
    "/clarion.v1.IdentityNamespaceService/UpdateIdentityNamespace": _AUTHOR,
    "/clarion.v1.IdentityNamespaceService/DeleteIdentityNamespace": _AUTHOR,
    "/clarion.v1.MessageService/GetMessage": _READ,
    "/clarion.v1.MessageService/ListMessages": _READ,
    "/clarion.v1.MessageService/CancelMessage": _TRIGGER,
    "/clarion.v1.MessageService/WatchEvents": _READ,
    "/clarion.v1.ProfileService/ExportProfiles": _READ,
    "/clarion.v1.SuppressionService/ExportSuppressions": _READ,
    "/clarion.v1.ProfileService/CreateProfile": _TRIGGER,
    "/clarion.v1.ProfileService/GetProfile": _READ_OR_TRIGGER,
    "/clarion.v1.ProfileService/LookupProfile": _READ_OR_TRIGGER,
    "/clarion.v1.ProfileService/ListProfiles": _READ,
    "/clarion.v1.ProfileService/UpdateProfile": _TRIGGER,
    "/clarion.v1.ProfileService/ImportProfiles": _TRIGGER,
    "/clarion.v1.ProfileService/MergeProfiles": _ADMIN,
    "/clarion.v1.ProfileService/DeleteProfile": _ADMIN,
    "/clarion.v1.ProofService/SendProof": _AUTHOR,
    "/clarion.v1.ReportService/GetCampaignReport": _READ,
    "/clarion.v1.SuppressionService/CreateSuppression": _TRIGGER,
    "/clarion.v1.SuppressionService/GetSuppression": _READ,
    "/clarion.v1.SuppressionService/ListSuppressions": _READ,
    "/clarion.v1.SuppressionService/DeleteSuppression": _ADMIN,
    "/clarion.v1.SuppressionService/ImportSuppressions": _ADMIN,
    "/clarion.v1.SuppressionService/CheckSuppression": _READ,
    "/clarion.v1.SendingPolicyService/CreateSendingPolicy": _AUTHOR,
    "/clarion.v1.SendingPolicyService/GetSendingPolicy": _READ_OR_AUTHOR,
    "/clarion.v1.SendingPolicyService/ListSendingPolicies": _READ_OR_AUTHOR,
    "/clarion.v1.SendingPolicyService/UpdateSendingPolicy": _AUTHOR,
    "/clarion.v1.SendingPolicyService/DeleteSendingPolicy": _AUTHOR,
    "/clarion.v1.TestCaseService/CreateTestCase": _AUTHOR,
    "/clarion.v1.TestCaseService/GetTestCase": _READ_OR_AUTHOR,
    "/clarion.v1.TestCaseService/ListTestCases": _READ_OR_AUTHOR,
    "/clarion.v1.TestCaseService/UpdateTestCase": _AUTHOR,
    "/clarion.v1.TestCaseService/DeleteTestCase": _AUTHOR,
    "/clarion.v1.TopicService/CreateTopic": _AUTHOR,
    "/clarion.v1.TopicService/GetTopic": _READ_OR_AUTHOR,
    "/clarion.v1.TopicService/ListTopics": _READ_OR_AUTHOR,
    "/clarion.v1.TopicService/UpdateTopic": _AUTHOR,
    "/clarion.v1.TopicService/ArchiveTopic": _AUTHOR,
    "/clarion.v1.TopicService/UnarchiveTopic": _AUTHOR,
    "/clarion.v1.TriggerService/Trigger": _TRIGGER,
    "/clarion.v1.TriggerService/TriggerStream": _TRIGGER,
    "/clarion.v1.TriggerService/TriggerAudience": _TRIGGER,
}
