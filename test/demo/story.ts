/** The demo's story: what a playbook asks for in one case, and what should come of it. */
import type { ActionRequest } from "../../producers/client.ts";

export interface Step {
  question: string;
  request: ActionRequest;
  /** `refused`: nothing reaches Redis. `same job`: it was asked for before and is done once. */
  expects: "success" | "refused" | "same job";
}

export const CASE_ID = "4711";
export const INCIDENT_ID = "29";

const envelope = { case_id: CASE_ID, alert_group_identifiers: ["suspicious-powershell"] };

const comment: ActionRequest = {
  action: "add_comment_to_incident",
  input: {
    ...envelope,
    incident_id: INCIDENT_ID,
    comment: "ws-01 is isolated; the user's password was reset.",
  },
  options: { idempotencyKey: "isolated", requestedBy: "ada@contoso.com" },
};

export const story: readonly Step[] = [
  {
    question: "Is Defender there, and does it let us in?",
    request: { action: "ping", input: envelope },
    expects: "success",
  },
  {
    question: "Which serious alerts were there in the last day?",
    request: {
      action: "execute_query",
      input: {
        ...envelope,
        table_names: "AlertInfo",
        query: '| where Severity == "High"',
        time_frame: "Last 24 Hours",
        fields_to_return: "Timestamp, Title, Severity",
      },
    },
    expects: "success",
  },
  {
    question: "What did the case's host and address do? (The SOAR spells hosts in capitals.)",
    request: {
      action: "execute_entity_query",
      input: {
        ...envelope,
        table_names: "DeviceNetworkEvents",
        time_frame: "Last 24 Hours",
        hostname_entity_key: "DeviceName",
        ip_entity_key: "RemoteIP",
        cross_entity_operator: "OR",
        stop_if_not_enough_entities: true,
        target_entities: [
          { Identifier: "WS-01.CONTOSO.COM", EntityType: "HOSTNAME" },
          { Identifier: "203.0.113.10", EntityType: "ADDRESS" },
        ],
      },
    },
    expects: "success",
  },
  {
    question: "Which hosts ran PowerShell, and how often?",
    request: {
      action: "execute_custom_query",
      input: {
        ...envelope,
        query:
          'DeviceProcessEvents | where FileName =~ "powershell.exe" | summarize Runs = count() by DeviceName',
      },
    },
    expects: "success",
  },
  {
    question: "A verdict that cannot be: a true positive that is not malicious.",
    request: {
      action: "update_incident",
      input: {
        ...envelope,
        incident_id: INCIDENT_ID,
        classification: "True Positive",
        determination: "Not Malicious",
      },
    },
    expects: "refused",
  },
  {
    question: "The verdict, corrected.",
    request: {
      action: "update_incident",
      input: {
        ...envelope,
        incident_id: INCIDENT_ID,
        status: "In Progress",
        classification: "True Positive",
        determination: "Malware",
        assign_to: "ada@contoso.com",
      },
    },
    expects: "success",
  },
  { question: "A comment for the colleagues.", request: comment, expects: "success" },
  { question: "The playbook step is run again, with the same key.", request: comment, expects: "same job" },
];
