// The settings. After the installation (?first) only the server's address is asked for.
import { isUnencrypted, normalised, originsOf, Problem, Server } from "../api-client.js";
import * as browser from "../browser.js";
import * as messages from "../messages.js";
import { changeSettings, clearHistory, settings as storedSettings } from "../storage.js";
import { button, h } from "../ui/dom.js";
import { sentenceOf } from "../ui/sentences.js";

const { t } = messages;
const isFirst = new URLSearchParams(location.search).has("first");
let settings;

async function start() {
  settings = await storedSettings();
  await messages.use(settings.language);
  render();
}

function render() {
  document.title = `PicTrace · ${t(isFirst ? "first_heading" : "options")}`;
  document.body.replaceChildren(
    h(
      "main",
      {},
      h("h1", {}, t(isFirst ? "first_heading" : "options")),
      isFirst && h("p", {}, t("first_text")),
      serverForm(),
      !isFirst && [appearance(), history()],
    ),
  );
}

/** Address and keys; saved only when the server was allowed and answered, or the user says so. */
function serverForm() {
  const address = h("input", { id: "server", value: settings.server, required: true, inputmode: "url", spellcheck: "false" });
  const searchKey = h("input", { id: "search-key", type: "password", value: settings.searchKey, autocomplete: "off" });
  const adminKey = h("input", { id: "admin-key", type: "password", value: settings.adminKey, autocomplete: "off" });
  const said = h("p", { role: "status", id: "said" });
  const hint = h("p", { class: "fine", id: "unencrypted" });
  const advise = () => {
    let isRisky = false;
    try {
      isRisky = isUnencrypted(normalised(address.value));
    } catch {
      // Said when it is saved.
    }
    hint.textContent = isRisky ? t("options_unencrypted") : "";
  };
  address.addEventListener("input", advise);
  advise();
  const submit = (event) => {
    event.preventDefault();
    let wanted;
    try {
      wanted = normalised(address.value);
    } catch (error) {
      say(said, sentenceOf(error), true);
      return;
    }
    // In the click itself, before anything is awaited: the browser would refuse to ask later.
    const allowed = browser.askToReach(originsOf(wanted));
    address.value = wanted;
    save(allowed, { server: wanted, searchKey: searchKey.value.trim(), adminKey: adminKey.value.trim() }, said);
  };
  return h(
    "form",
    { class: "card-box", on: { submit } },
    !isFirst && h("h2", {}, t("options_server")),
    h("label", { for: "server" }, t("options_address")),
    address,
    hint,
    h("p", { class: "fine" }, t("options_permission")),
    !isFirst && [
      h("label", { for: "search-key" }, t("options_search_key")),
      searchKey,
      h("label", { for: "admin-key" }, t("options_admin_key")),
      adminKey,
      h("p", { class: "fine" }, t("options_keys")),
    ],
    h("p", { class: "row" }, h("button", { type: "submit", class: "primary" }, t(isFirst ? "first_allow" : "options_save"))),
    said,
  );
}

async function save(allowed, changes, said) {
  say(said, t("options_asking"));
  if (!(await allowed.catch(() => false))) {
    say(said, t("allow_refused"), true);
    return;
  }
  const before = settings.server;
  settings = { ...settings, ...changes };
  await changeSettings(changes);
  if (originsOf(before)[0] !== originsOf(settings.server)[0]) await browser.giveUpReaching(originsOf(before)).catch(() => {});
  try {
    const about = await Server.of(settings).about();
    const pictures = about.pictures ?? 0;
    const known = [t("options_found", { version: about.version }), about.pictures !== null && t("options_pictures", { count: pictures })];
    const may = { none: about.search_key_required ? t("error_key_required") : "", search: t("options_may_search"), admin: t("options_may_add") };
    if (settings.adminKey && about.access !== "admin") throw new Problem("admin_only");
    say(said, [...known, may[about.access], isFirst && t("first_done")].filter(Boolean).join(" "));
  } catch (error) {
    say(said, `${t("options_saved_but")} ${sentenceOf(error)}`, true);
  }
}

function say(said, text, isProblem = false) {
  said.className = isProblem ? "problem" : "";
  said.setAttribute("role", isProblem ? "alert" : "status");
  said.textContent = text;
}

function appearance() {
  const choose = (name, value, label) => {
    const input = h("input", { type: "radio", name, id: `${name}-${value}`, value, checked: settings[name] === value });
    input.addEventListener("change", () => change({ [name]: value }));
    return h("p", { class: "check" }, input, h("label", { for: `${name}-${value}` }, label));
  };
  const languages = h(
    "select",
    { id: "language" },
    h("option", { value: "" }, t("options_own_language")),
    Object.entries(messages.LANGUAGES).map(([tag, name]) => h("option", { value: tag, lang: tag.replace("_", "-"), selected: tag === settings.language }, name)),
  );
  languages.addEventListener("change", async () => {
    await change({ language: languages.value });
    await messages.use(languages.value);
    render();
    document.getElementById("language").focus();
  });
  return h(
    "section",
    { class: "card-box" },
    h("h2", {}, t("options_answers")),
    h("fieldset", { class: "plain" }, h("legend", { class: "unseen" }, t("options_answers")), choose("opens", "panel", t("options_panel")), choose("opens", "tab", t("options_tab"))),
    h("label", { for: "language" }, t("options_language")),
    languages,
  );
}

function history() {
  const keeps = h("input", { type: "checkbox", id: "keeps-history", checked: settings.keepsHistory });
  const said = h("span", { role: "status" });
  keeps.addEventListener("change", async () => {
    await change({ keepsHistory: keeps.checked });
    if (!keeps.checked) await clearHistory();
  });
  const clear = async () => {
    await clearHistory();
    said.textContent = t("options_cleared");
  };
  return h(
    "section",
    { class: "card-box" },
    h("h2", {}, t("history_heading")),
    h("p", { class: "check" }, keeps, h("label", { for: "keeps-history" }, t("options_history"))),
    h("p", { class: "fine" }, t("options_history_text")),
    h("p", { class: "row" }, button(t("options_clear"), clear, { id: "clear" }), said),
  );
}

async function change(changes) {
  settings = { ...settings, ...changes };
  await changeSettings(changes);
}

start();
