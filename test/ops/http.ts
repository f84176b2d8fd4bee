/** Plain HTTP requests with any header, also those that `fetch` does not let through. */
import { request } from "node:http";
import { text } from "node:stream/consumers";

export interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

interface Question {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Of an answer that may have no end. */
  isHeadEnough?: boolean;
}

export function ask(
  url: string,
  { method = "GET", headers = {}, body = "", isHeadEnough = false }: Question = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      const { statusCode: status = 0, headers: got } = answer;
      if (isHeadEnough) {
        answer.destroy();
        resolve({ status, headers: got, body: "" });
        return;
      }
      text(answer).then((body) => resolve({ status, headers: got, body }), reject);
    });
    sent.on("error", reject).end(body);
  });
}
