/** How alerts are worded: plain JSON, for Slack, or as an Adaptive Card for a Workflow of Teams. */
export const WEBHOOK_FORMATS = ["json", "slack", "teams"] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];
