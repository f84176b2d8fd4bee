/** Text that means harm to a query. */
import fc from "fast-check";

/** Pieces that have broken other query builders, mixed with arbitrary text. */
export const hostileText = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(..."'\"\\`~@|;/()[]{}#,\n\r\t\b\u001b \u2028\u2029\u0085\u202e\ufeff"),
      },
      fc.constantFrom(
        "//",
        "```",
        "~~~",
        "@'",
        'h"',
        "h@'",
        "''",
        "\\'",
        "\\u0027",
        "\\U0001F600",
        "datetime(",
        "in~",
      ),
      fc.constantFrom(
        "O'Brien",
        "CONTOSO\\jdoe",
        "') or 1==1 //",
        "' | take 5",
        "; print 1",
        "a",
        "T",
        "where",
        "5",
      ),
      fc.string({ unit: "binary", maxLength: 4 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));
