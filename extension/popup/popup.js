// The toolbar's popup: a picture of one's own, a link, a picture or a piece of the page.
import * as browser from "../browser.js";
import { use } from "../messages.js";
import { keepable } from "../picture.js";
import { ask, openSettings } from "../places.js";
import { button, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { sentence } from "../shared/problem.js";
import { settings as storedSettings } from "../storage.js";
import { askForm } from "../ui/ask-form.js";
import { historyList, questionOf } from "../ui/history-list.js";

async function start() {
  const [{ opens, language }, tab] = await Promise.all([storedSettings(), browser.activeTab()]);
  await use(language);
  const main = h("main", {});
  const complain = (text) => {
    main.querySelector(".complaint")?.remove();
    main.prepend(h("p", { class: "problem complaint", role: "alert" }, text));
  };
  const about = { windowId: tab.windowId, isPrivate: tab.incognito };

  /** Opens the answer in the click itself; a picture's bytes follow. */
  const show = async ({ blob = null, ...question }, how = {}) => {
    const asked = { ...about, ...question, dataUrl: question.dataUrl };
    if (blob) {
      // A picture was chosen some time after the click: the browser may not let the panel open, then a tab does.
      asked.dataUrl = await keepable(blob);
      if (!asked.dataUrl) return complain(sentence({ code: "file_too_large" }));
    }
    await ask(asked, { opens, windowId: tab.windowId, ...how });
    window.close();
  };
  const page = { tabId: tab.id, frameId: 0, pageUrl: tab.url ?? null, title: tab.title ?? "" };
  main.append(
    h("h1", {}, t("ask.heading")),
    askForm(show, complain),
    h(
      "p",
      { class: "row" },
      button(t("popup.pick"), () => show({ by: "here", ...page }, { behind: true }), { id: "pick" }),
      button(t("popup.area"), () => show({ by: "area", ...page }, { behind: true }), { id: "area" }),
    ),
    ...[await historyList((entry) => show(questionOf(entry)))].filter(Boolean),
    h("p", { class: "row" }, button(t("options.heading"), () => openSettings().then(() => window.close()), { class: "quiet", id: "options" })),
  );
  document.body.replaceChildren(main);
}

start();
