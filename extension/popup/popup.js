// The toolbar's popup: a picture of one's own, a link, a picture or a piece of the page.
import * as browser from "../browser.js";
import * as messages from "../messages.js";
import { keepable } from "../picture.js";
import { ask, openSettings } from "../places.js";
import { settings as storedSettings } from "../storage.js";
import { askForm } from "../ui/ask-form.js";
import { button, h } from "../ui/dom.js";
import { historyList, questionOf } from "../ui/history-list.js";
import { sentenceOf } from "../ui/sentences.js";

const { t } = messages;

async function start() {
  const [{ opens, language }, tab] = await Promise.all([storedSettings(), browser.activeTab()]);
  await messages.use(language);
  const main = h("main", {});
  const complain = (text) => {
    main.querySelector(".complaint")?.remove();
    main.prepend(h("p", { class: "problem complaint", role: "alert" }, text));
  };
  const about = { windowId: tab.windowId, isPrivate: tab.incognito };

  /** Opens the answer in the click itself; a picture's bytes follow. */
  const show = async ({ blob, ...question }, how = {}) => {
    const asked = { ...about, ...question };
    if (blob) {
      // A picture was chosen some time after the click: the browser may not let the panel open, then a tab does.
      asked.dataUrl = await keepable(blob);
      if (!asked.dataUrl) return complain(sentenceOf({ code: "file_too_large" }));
    }
    await ask(asked, { opens, windowId: tab.windowId, ...how });
    window.close();
  };
  const page = { tabId: tab.id, frameId: 0, pageUrl: tab.url ?? null, title: tab.title ?? "" };
  main.append(
    h("h1", {}, t("ask_heading")),
    askForm(show, complain),
    h(
      "p",
      { class: "row" },
      button(t("popup_pick"), () => show({ by: "here", ...page }, { behind: true }), { id: "pick" }),
      button(t("popup_area"), () => show({ by: "area", ...page }, { behind: true }), { id: "area" }),
    ),
    ...[await historyList((entry) => show(questionOf(entry)))].filter(Boolean),
    h("p", { class: "row" }, button(t("options"), () => openSettings().then(() => window.close()), { class: "quiet", id: "options" })),
  );
  document.body.replaceChildren(main);
}

start();
