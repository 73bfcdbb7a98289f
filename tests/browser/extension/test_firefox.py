"""Firefox: its real menu finds a picture with the packed extension."""

import asyncio
import gc
import shutil
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Serve
from tests.browser.extension.conftest import pack
from tests.browser.extension.site import Sites

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what it builds on is older than today's Python
    from marionette_driver import By
    from marionette_driver.addons import Addons
    from marionette_driver.marionette import ActionSequence, Marionette

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PATIENCE_S = 60
PREFERENCES = {
    "extensions.webextOptionalPermissionPrompts": False,  # permissions are given without a question
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
}

CHOOSE = """
const [label, done] = arguments;
const menu = document.getElementById("contentAreaContextMenu");
const until = Date.now() + 10_000;
(function poll() {
  const item = menu.state === "open" && [...menu.querySelectorAll("menuitem")].find((one) => one.label === label);
  if (item) {
    item.closest("menupopup").activateItem(item);
    done("");
  } else if (Date.now() < until) setTimeout(poll, 100);
  else done([...menu.querySelectorAll("menuitem")].filter((one) => !one.hidden).map((one) => one.label).join());
})();
"""
SIDEBAR = """
const [done] = arguments;
const panel = document.getElementById("sidebar")?.contentDocument?.getElementById("webext-panels-browser");
if (!panel?.messageManager) done("");
else {
  const { messageManager } = panel;
  const told = ({ data }) => finish(data);
  const finish = (text) => {
    clearTimeout(patience);
    messageManager.removeMessageListener("text", told);
    done(text);
  };
  const patience = setTimeout(finish, 1_000, "");  // a page that is still being loaded never answers: ask anew
  messageManager.addMessageListener("text", told);
  messageManager.loadFrameScript("data:,sendAsyncMessage('text', content.document.body?.innerText ?? '')", false);
}
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    pack(folder)
    return folder


@pytest.mark.skipif(FIREFOX is None, reason="needs Firefox: `make test-browser` installs it")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # marionette-driver leaves a socket open
async def test_menu_opens_the_sidebar_with_the_answer(serve: Serve, known: Sites, packed: Path, tmp_path: Path) -> None:
    style = "width:300px;height:200px;background:url(/login/rocket.jpg) center/cover"
    shop = known.page("shop", f"<img src='/open/coffee.png'><div id=it style='{style}'>")
    async with serve(fetch_allow=(known.home.removeprefix("http://"),)) as api:
        server = api.url.replace("127.0.0.1", "localhost")
        await asyncio.to_thread(used, server, shop, packed / "firefox", tmp_path / "gecko.log")
    gc.collect()  # while its warnings are not heeded


def used(server: str, shop: str, extension: Path, log: Path) -> None:
    """Install, allow the server, right-click a picture, then one that only the page may see."""
    firefox = Marionette(bin=FIREFOX, headless=True, prefs=PREFERENCES, gecko_log=str(log))
    try:
        firefox.start_session(timeout=90)
        Addons(firefox).install(str(extension), temp=True)
        until(lambda: switched(firefox, "options.html?first"))
        (address,) = until(lambda: firefox.find_elements(By.ID, "server"))
        assert "This is a temporary add-on" in firefox.find_element(By.ID, "temporary").text
        address.clear()
        address.send_keys(server)
        firefox.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        until(lambda: "6 pictures in the library" in firefox.find_element(By.ID, "said").text)
        firefox.navigate(shop)
        choose(firefox, "img", "Find picture in PicTrace")
        said = until(lambda: answer(firefox, "The server fetched the picture by its address."))
        assert "Match 1:\ncoffee.png" in said
        # Firefox tells which element was clicked: nothing is to be picked.
        choose(firefox, "#it", "Find picture in PicTrace")
        said = until(lambda: answer(firefox, "The picture was read in the page"))
        assert "Match 1:\nrocket.jpg" in said
    finally:
        firefox.quit()


def switched(firefox: Marionette, path: str) -> bool:
    for handle in firefox.window_handles:
        firefox.switch_to_window(handle)
        if path in firefox.get_url():
            return True
    return False


def choose(firefox: Marionette, selector: str, label: str) -> None:
    element = firefox.find_element(By.CSS_SELECTOR, selector)
    ActionSequence(firefox, "pointer", "mouse", {"pointerType": "mouse"}).click(element=element, button=2).perform()
    with firefox.using_context("chrome"):
        assert firefox.execute_async_script(CHOOSE, script_args=[label]) == ""


def answer(firefox: Marionette, words: str) -> str:
    """The sidebar's text, once it holds some words."""
    with firefox.using_context("chrome"):
        text = str(firefox.execute_async_script(SIDEBAR))
    return text if words in text else ""


def until(found: Any) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.2)
    return value
