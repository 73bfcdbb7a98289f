"""A screen without a monitor, with a mouse and a keyboard: for what a browser gives only to real clicks."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Page

MISSING = [tool for tool in ("Xvfb", "xdotool", "chromium") if shutil.which(tool) is None]
PATIENCE_S = 20


class Desktop:
    """An X display of its own."""

    def __init__(self, display: str) -> None:
        self.env = os.environ | {"DISPLAY": display}
        self.display = display

    async def do(self, *arguments: object) -> None:
        """An xdotool command, then a moment for what it brings about."""
        process = await asyncio.create_subprocess_exec("xdotool", *map(str, arguments), env=self.env)
        assert await process.wait() == 0
        await asyncio.sleep(0.25)

    async def keys(self, *keys: str) -> None:
        for key in keys:
            await self.do("key", key)

    async def right_click(self, page: Page, selector: str) -> None:
        """At the middle of an element, as it lies on the screen."""
        x, y = await page.locator(selector).evaluate(
            """(element) => {
              const box = element.getBoundingClientRect();
              const top = screenY + outerHeight - innerHeight;
              return [screenX + box.left + box.width / 2, top + box.top + box.height / 2];
            }"""
        )
        await self.do("mousemove", int(x), int(y))
        await self.do("click", 3)
        await asyncio.sleep(0.5)


@asynccontextmanager
async def desktop() -> AsyncIterator[Desktop]:
    read, write = os.pipe()
    process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        number = await asyncio.to_thread(os.read, read, 16)
        yield Desktop(f":{int(number)}")
    finally:
        os.close(read)
        process.terminate()
        process.wait(10)


class Target:
    """A page that belongs to the browser's frame, as the side panel and the popup do: driven by the protocol alone."""

    def __init__(self, inspector: CDPSession, session: str) -> None:
        self._inspector = inspector
        self._session = session
        self._calls = 0

    @classmethod
    async def found(cls, context: BrowserContext, path: str) -> "Target":
        """The first whose address holds `path`."""
        inspector = await context.new_cdp_session(context.pages[0])
        async with asyncio.timeout(PATIENCE_S):
            while True:
                targets = (await inspector.send("Target.getTargets"))["targetInfos"]
                if fitting := [one["targetId"] for one in targets if path in one["url"]]:
                    break
                await asyncio.sleep(0.1)
        attached = await inspector.send("Target.attachToTarget", {"targetId": fitting[0], "flatten": False})
        return cls(inspector, attached["sessionId"])

    async def _call(self, method: str, **parameters: Any) -> Any:
        self._calls += 1
        number, answered = self._calls, asyncio.get_running_loop().create_future()

        def take(event: dict[str, Any]) -> None:
            message = json.loads(event["message"])
            if event["sessionId"] == self._session and message.get("id") == number and not answered.done():
                answered.set_result(message)

        self._inspector.on("Target.receivedMessageFromTarget", take)
        try:
            message = json.dumps({"id": number, "method": method, "params": parameters})
            await self._inspector.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
            return (await asyncio.wait_for(answered, PATIENCE_S))["result"]
        finally:
            self._inspector.remove_listener("Target.receivedMessageFromTarget", take)

    async def evaluate(self, expression: str) -> Any:
        result = await self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def click(self, selector: str) -> None:
        """A real click: it counts as a gesture of the user's."""
        await self.evaluate(f"document.querySelector({selector!r}).scrollIntoView({{ block: 'center' }})")
        x, y = await self.evaluate(
            f"""(() => {{
              const box = document.querySelector({selector!r}).getBoundingClientRect();
              return [box.left + box.width / 2, box.top + box.height / 2];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def text(self) -> str:
        return str(await self.evaluate("document.querySelector('main')?.innerText ?? ''"))

    async def says(self, words: str) -> str:
        """Wait for words."""
        said = ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while words not in (said := await self.text()):  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.1)
        assert words in said, said
        return said
