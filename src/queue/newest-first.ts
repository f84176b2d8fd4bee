/** Streams of which each is in order, newest first, made into one. */

/** `timeOf` gives ISO times, which sort as text. Holds one item of each stream. */
export async function* mergeNewestFirst<T>(
  streams: readonly AsyncGenerator<T, void>[],
  timeOf: (item: T) => string,
): AsyncGenerator<T, void> {
  const heads = await Promise.all(streams.map(async (stream) => ({ stream, next: await stream.next() })));
  for (;;) {
    let newest: { stream: AsyncGenerator<T, void>; next: IteratorResult<T, void> } | null = null;
    let newestAt = "";
    for (const head of heads) {
      if (head.next.done) continue;
      const at = timeOf(head.next.value);
      if (newest === null || at > newestAt) [newest, newestAt] = [head, at];
    }
    if (newest === null || newest.next.done) return;
    yield newest.next.value;
    newest.next = await newest.stream.next();
  }
}
