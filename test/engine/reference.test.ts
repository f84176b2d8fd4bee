import { describe, expect, it } from "vitest";
import { referenceOf } from "../../src/engine/reference.ts";

describe("the reference of a job", () => {
  it("is eight characters that can be read aloud, and the same for ever", () => {
    expect(referenceOf("job-1")).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/);
    expect(referenceOf("j0123456789abcdef01234567")).toBe("3Q44JPBH");
  });

  it("tells ten thousand jobs apart", () => {
    const references = Array.from({ length: 10_000 }, (_, index) => referenceOf(`job-${index}`));
    expect(new Set(references).size).toBe(10_000);
  });
});
