/** Whoever is told of final results: an HTTP server that answers as it is told to, and keeps all that came. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import { onTestFinished, type TestContext } from "vitest";
import { z } from "zod";
import { type Notice, noticeSchema } from "../../src/queue/deliveries.ts";

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  notice: Notice;
}

export interface ReceiverAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

const messageSchema = z.strictObject({
  type: z.enum(["result.completed", "result.failed"]),
  timestamp: z.iso.datetime(),
  data: noticeSchema.strict(),
});

export interface WebhookReceiver {
  url: string;
  /** In the order they came, refused ones too. */
  received: readonly Received[];
  /** All from the first to the `count`th, past or to come. */
  first(count: number): Promise<readonly Received[]>;
  close(): void;
}

/**
 * `answer`: to the message that came; default 204 to all. `port`: default a free one. `ending`: of a test that runs beside others;
 * without it, the receiver would close with whichever is the current one.
 */
export async function openReceiver(
  answer: (message: Received, index: number) => ReceiverAnswer = () => ({ status: 204 }),
  port = 0,
  ending: Pick<TestContext, "onTestFinished"> = { onTestFinished },
): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const listeners = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const notice = messageSchema.parse(JSON.parse(body)).data;
      const message = { path: request.url ?? "", headers: request.headers, body, notice };
      const { status, headers, body: text = "" } = answer(message, received.length);
      received.push(message);
      response.writeHead(status, headers).end(text);
      for (const listener of listeners) listener();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  ending.onTestFinished(close);
  const address = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${address.port}/results`,
    received,
    close,
    first(count) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (received.length < count) return;
          listeners.delete(look);
          resolve(received.slice(0, count));
        };
        listeners.add(look);
        look();
      });
    },
  };
}
