/** Looks for alerts twice a minute where a webhook is given, and calls the heartbeat each minute: its silence is an alarm too. */
import type { OpsConfig } from "../config.ts";
import { openAgents } from "../egress/agents.ts";
import { Alerter, type AlerterOptions } from "./alerter.ts";
import { bodyFor, post } from "./webhook.ts";

const LOOK_EVERY_MS = 30_000;
const BEAT_EVERY_MS = 60_000;

export function startAlerts(
  { webhookUrl, format, heartbeatUrl, egress }: OpsConfig["alerts"],
  options: Omit<AlerterOptions, "tell">,
): { stop(): void } {
  const timers: NodeJS.Timeout[] = [];
  const opening = openAgents(egress);
  const tell = async (url: string, body: object | null): Promise<void> => post(url, body, await opening);
  let alerter: Alerter | null = null;
  if (webhookUrl !== null) {
    const { prefix } = options;
    const looker = new Alerter({
      ...options,
      tell: (notice) => tell(webhookUrl, bodyFor(format, notice, prefix)),
    });
    alerter = looker;
    let isLooking = false;
    const look = async (): Promise<void> => {
      if (isLooking) return;
      isLooking = true;
      await looker.look();
      isLooking = false;
    };
    timers.push(setInterval(look, LOOK_EVERY_MS));
  }
  if (heartbeatUrl !== null) {
    const beat = (): void => {
      // Nobody would hear of an alert, so somebody should hear the silence.
      if (alerter?.isHeard === false) return;
      tell(heartbeatUrl, null).catch((error: unknown) => {
        options.log.warn({ event: "alerts.heartbeat_failed", err: error }, "the heartbeat was not taken");
      });
    };
    beat();
    timers.push(setInterval(beat, BEAT_EVERY_MS));
  }
  return {
    stop() {
      for (const timer of timers) clearInterval(timer);
      void opening.then((agents) => agents.close());
    },
  };
}
