/** A browser for the tests of one file, and pages of ops in it as their users see them. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { openChromium } from "../support/chromium.ts";
import type { Opened } from "./opened.ts";
import { PASSWORD } from "./session.ts";

export interface Chromium {
  /** False where there is none and none can be installed. */
  isThere(): boolean;
  /** Logged in as `user`. */
  openPage(ops: Pick<Opened, "url">, user: string): Promise<Page>;
}

export function useChromium(): Chromium {
  let browser: Browser | null = null;
  beforeAll(async () => {
    browser = await openChromium();
  }, 300_000);
  afterAll(async () => await browser?.close());
  return {
    isThere: () => browser !== null,
    async openPage({ url }, user) {
      const context = await (browser ?? expect.unreachable()).newContext({ baseURL: url });
      onTestFinished(() => context.close());
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      await page.goto("/");
      await page.getByLabel("Name").fill(user);
      await page.getByLabel("Password").fill(PASSWORD);
      await page.keyboard.press("Enter");
      await page.waitForURL("**/queues");
      return page;
    },
  };
}
