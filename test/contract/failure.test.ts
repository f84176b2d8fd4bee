import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  describeInvalid,
  FAILURE_CODES,
  Failure,
  failureRecordSchema,
  toFailure,
} from "../../src/contract/failure.ts";

describe("a failure", () => {
  it("has a code from the documented table", () => {
    expect(Object.keys(FAILURE_CODES)).toEqual([
      "invalid_input",
      "auth_failed",
      "permission_denied",
      "not_found",
      "conflict",
      "invalid_query",
      "query_too_large",
      "throttled",
      "defender_unavailable",
      "outcome_unknown",
      "expired",
      "cancelled",
      "internal_error",
    ]);
  });

  it("may be tried again when its code says so, unless its details know better", () => {
    expect(new Failure("throttled", "later").retryable).toBe(true);
    expect(new Failure("not_found", "gone").retryable).toBe(false);
    expect(new Failure("defender_unavailable", "never", { retryable: false }).retryable).toBe(false);
  });

  it("goes into a result whole, and comes back", () => {
    const details = { httpStatus: 403, graphCode: "Forbidden", requestId: "r-1", hint: "Grant it." };
    const record = new Failure("permission_denied", "lacks a role", details).toRecord();
    expect(record).toEqual({
      code: "permission_denied",
      message: "lacks a role",
      retryable: false,
      http_status: 403,
      graph_code: "Forbidden",
      request_id: "r-1",
      hint: "Grant it.",
    });
    expect(failureRecordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });

  it("is a defect of ours when something else was thrown, of which only the message is kept", () => {
    const foreign = Object.assign(new Error("boom"), {
      config: { headers: { authorization: "Bearer secret" } },
    });
    const failure = toFailure(foreign);
    expect(failure.code).toBe("internal_error");
    expect(failure.message).toBe("boom");
    expect(JSON.stringify(failure)).not.toContain("secret");
    expect(failure.cause).toBeUndefined();
    expect(toFailure("text").message).toBe("text");
    expect(toFailure(failure)).toBe(failure);
  });
});

describe("describeInvalid", () => {
  const schema = z.object({
    name: z.string({ error: "given nothing; allowed: text" }),
    list: z.array(z.number({ error: "given no number; allowed: numbers" })),
  });

  it("makes one sentence of all that is wrong, each with its place", () => {
    const { error } = schema.safeParse({ list: [1, "x"] });
    expect(error && describeInvalid(error)).toBe(
      "name: given nothing; allowed: text; list.1: given no number; allowed: numbers",
    );
    expect(error && describeInvalid(error, "input")).toContain("input.list.1: given");
  });

  it("says the same thing once, and nothing in front of what concerns the whole", () => {
    const whole = z.object({}).check(({ issues, value }) => {
      for (const _ of [1, 2]) issues.push({ code: "custom", message: "too little", path: [], input: value });
    });
    const { error } = whole.safeParse({});
    expect(error && describeInvalid(error)).toBe("too little");
  });
});
