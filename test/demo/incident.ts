/** A look past the queue: what the story has left in the simulated Defender. */
import { z } from "zod";
import { SimulatorControl } from "../support/control.ts";
import { INCIDENT_ID } from "./story.ts";

const incidentSchema = z.object({
  status: z.literal("inProgress"),
  determination: z.literal("malware"),
  assignedTo: z.string(),
  comments: z.array(z.object({ comment: z.string() })).length(1),
});

/** Throws when the incident is not as the story leaves it, with exactly one comment. */
export async function checkIncident(simulatorUrl: string): Promise<string> {
  const incident = await new SimulatorControl(simulatorUrl).incident(INCIDENT_ID);
  const found = incidentSchema.safeParse(incident);
  if (!found.success) throw new Error(`incident ${INCIDENT_ID} is not as asked: ${JSON.stringify(incident)}`);
  const { status, determination, assignedTo, comments } = found.data;
  const said = comments.map(({ comment }) => JSON.stringify(comment)).join("");
  return `incident ${INCIDENT_ID}: ${status}, ${determination}, ${assignedTo}, one comment ${said}`;
}
