// The languages that there are, by their own names. A test keeps them level with the files of texts, and with the bot.
export const LANGUAGES = {
  en: "English",
  ru: "Русский",
  de: "Deutsch",
  ja: "日本語",
  ko: "한국어",
  zh: "简体中文",
};
