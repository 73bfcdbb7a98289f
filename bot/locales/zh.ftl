## 菜单与机器人主页

command-find = 查找图片：回复图片，或附上链接
command-scope = 只在带有某个 #标签 的图片中查找，或恢复在全部图片中查找
command-reposts = 告知某张图片此前是否已在本群发过
command-help = 我能做什么，怎么用
command-language = 选择语言
command-privacy = 您发送的内容中会保存什么
command-forget = 删除关于此聊天保存的所有内容
command-start = 开始使用
command-add = 添加图片：写在照片、文件、相册或 zip 的说明里，也可回复或附上链接
command-remove = 移除图片：回复图片，或使用 id
command-retitle = 为图片设置新标题或 #标签
command-undo = 撤销您上一次的添加、移除或编辑
command-history = 图库最近的更改，每项均可撤销
command-adder = 允许某人添加图片：回复其消息，或使用 id
command-adders = 谁可以添加图片
command-notify = 是否接收他人添加图片的通知
command-stats = 图库概览
bot-description = 发送一张图片，即可得知它是否在此图库中。裁剪图、截图、镜像和旋转过的副本也能找到。您还能看到我有多大把握，以及原因。
bot-short-description = 发送一张图片，即可得知它是否在此图库中。

## 问候与帮助

start =
    请发给我一张图片：我会在图库中查找，显示匹配的图片，并说明我有多大把握以及原因。
    裁剪图、截图、镜像和旋转过的副本也能找到。
start-library =
    { $count ->
        [0] 图库还是空的。
       *[other] 图库中有 { $count } 张图片。
    }
start-guest = 在任何其他聊天中也可以：在图片说明里，或在回复图片时提及 { $name }。
start-guest-closed = 若要在我未加入的聊天中也能使用，请在 @BotFather 的机器人设置中开启 “Guest Mode”。
start-adder = 您可以添加图片：发送图片时在说明中写上 /add 即可。详见 /help。
start-admin = 您是管理员：发送图片时在说明中写上 /add 即可添加。详见 /help。
start-no-admins = 这个机器人还没有管理员。它是您的吗？那么请设置 <code>PICTRACE_ADMIN_IDS={ $id }</code>，然后重新启动。
help =
    <b>怎么搜索</b>
    请发送照片、图片文件、贴纸、GIF、视频，或图片及含图片网页的链接；也可以转发图片，或发送相册。对于动态内容，我会查看预览图和其中若干帧。
    用 /find 回复一张图片。
    在群组中，请在图片说明里提及我，或用 /find 回复图片。

    <b>用图片说明调整结果</b>
    <code>相同</code>：只要同一张图片。<code>3</code>：显示这么多结果，最多 10 个。<code>#comics</code>：只在带有该标签的图片中查找；/scope 可为整个聊天设定。

    <b>答案下方</b>
    ❓ 图片为什么匹配，💾 图片文件，🔗 来源，✅ ❌ 我找得对不对。

    /language 选择语言，/privacy 说明会保存什么，/forget 将其删除。在群组中用 /reposts on，我会指出此前已在群里发过的图片。
help-adder =
    <b>可以添加图片的人</b>
    /add 写在照片、文件、相册或压缩包（zip、tar、7z）的说明里，也可以用来回复图片，或附上链接。后面可以写标题和 #标签：<code>/add 夜晚的港口 #汉堡 #2024</code>。以文件形式发送图片可保留原始画质。
    /undo 整体撤销您上一次的添加。
help-admin =
    <b>管理员</b>
    /remove 回复图片，或附上 id：<code>/remove 17</code>
    /retitle 回复图片，或附上 id：<code>/retitle 17 新标题 #标签</code>
    /history 显示最近的更改，每项均可撤销。/stats 显示图库概览。
    /adder 回复某人，或附上其 id，即可允许其添加图片并撤销自己的添加；/adders 列出这些人。/notify on 之后，此聊天会收到他人添加图片的通知。
hint = 请发给我图片或图片链接，我会在图库中查找。详见 /help。
hint-group = 请在图片说明里提及我，或用 /find 回复图片。
group-hello = 大家好！用 /find 回复图片，或在图片说明里提及 { $name }，我就会在图库中查找。
waits = 收到。我会逐张回答，这张正在排队，请稍候。

## 说明中表示“只要同一张图片”的词（以空格分隔）

words-same = 相同 同一张 一样

## 匹配结果

caption = <b>{ $place }</b> · { $title }
    { $score }
caption-id = id { $id }
score-identical = 同一文件
score-certainly_same = 肯定相同
score-almost_certainly_same = 几乎肯定相同
score-probably_same = 很可能相同
score-variant = 另一个版本
score-very_alike = 非常相似
score-alike = 相似
score-weak = 几乎不相似
found-same =
    { $count ->
        [1] <b>图库中有这张图片。</b>
       *[other] <b>图库中有这张图片，共 { $count } 张。</b>
    }
found-variant =
    { $count ->
        [1] <b>图库中有这张图片的另一个版本。</b>未能证实图库中有这张图片本身。
       *[other] <b>图库中有这张图片的 { $count } 个其他版本。</b>未能证实图库中有这张图片本身。
    }
found-alike = <b>未能证实图库中有这张图片。</b>下面是看起来相似的图片。
found-weak-only = <b>图库中没有相似的图片。</b>这些是最接近的图片，但几乎不相似。
found-among = 仅在 { $tags } 中
found-line = <b>{ $place }</b> · { $title }：{ $score }
found-more =
    { $count ->
        [1] 第 { $first } 张。
       *[other] 第 { $first } 至 { $last } 张。
    }
found-buttons = 点 ❓ 查看原因，点 💾 获取文件。
score-percent = { $words }，{ $percent }
list-separator = 、
uncalibrated = 此图库的评分尚未校准，因此仅以文字显示。
from-page = 这是网页的预览图片。
nothing =
    { $count ->
        [1] 没有相似的图片：图库中仅有的一张图片与它相差较大。
       *[other] 没有相似的图片：图库中的 { $count } 张图片都与它相差较大。
    }
nothing-same =
    { $count ->
        [1] 图库中仅有一张图片，但不是这张。
       *[other] 图库中的 { $count } 张图片里没有这张。
    }
nothing-same-near = 未能证实图库中有这张图片本身。有接近的图片：不写“相同”再问一次即可查看。
nothing-empty = 图库是空的，还没有可以查找的图片。
nothing-among = 其中没有相似的图片（共 { $count } 张）。
nothing-tagged = 图库中没有带 { $tags } 的图片。
no-more = 就这些了，没有更多图片可以显示。

## 一次多张图片

album-others = 另有 { $count } 项不是我能查看的图片。
part-of = <b>第 { $place } 张，共 { $count } 张</b>

## 按钮（简短）

button-right = 正确
button-wrong = 错误
button-more = 更多
button-nearest = 仍然显示最接近的图片
button-tell = 出现时通知我
button-cancel = 不用通知我
button-undo = 撤销
button-everything = 恢复全部图片
button-forbid = ✖ { $name }
button-ask = 进一步查询
button-keep = 保留 { $better }，移除 { $lesser }
button-remove = 移除 { $id }
button-telegrams-language = 跟随 Telegram

## 为什么

why-title = { $title }
why-exact = 同一文件，每个字节都相同。
why-edits = 所做的改动：{ $edits }。
why-keypoints = 有 { $count } 个点吻合。
why-whole = 两张图片整体一致。
why-variant = 两张图片的场景或版式相同，但内容不同：这是另一个版本，不是同一张图片。
why-differs = 标出的 { $count } 处不同。
why-alike = 没有在一张图片中找到另一张的任何部分，它们只是看起来相似。
edit-mirrored = 镜像
edit-rotated = 旋转
edit-cropped = 裁剪
edit-inside_larger = 嵌入更大的图片
edit-padded = 添加边框
edit-recoloured = 更改颜色
edit-grayscale = 转为灰度
edit-blurred = 模糊处理
edit-overlaid = 叠加其他内容
edit-stretched = 拉伸
edit-recompressed = 重新保存

## 正确或错误

which-right = 哪一张是正确的？
which-wrong = 哪一张是错误的？
judged-right = 谢谢，已记下。
judged-wrong = 已记下：此聊天不会再看到这一对图片。按错了？请按“正确”。
not-yours = 这些按钮只供提问的人使用。
asked-gone = 我这里已经没有相关的图片了，请重新发送一次。
original-too-large = 这张图片的文件太大，无法在这里发送：最多 { $limit } MB。

## 出现时通知我

told-later = 这张图片出现在图库中时，我会在此聊天中通知一次。
told-no-more = 好的，不会通知您。
appeared = <b>图库中出现了这张图片：</b>{ $title }
    { $score }
too-many-watches = 此聊天已在等待 { $count } 张图片。请取消其中一张，或用 /forget 全部删除。

## 语言与隐私

language-which = 我在这里说哪种语言？
language-set = 从现在起，我在这里说{ $name }。
language-telegrams = 重新跟随您的 Telegram 语言：{ $name }。
privacy =
    <b>您发送的内容不会被保存。</b>图片看过就忘，您写的文字也一样，只在回答之前暂存。

    只有在您要求时，才会留下一些内容：
    ✅ ❌ “正确”和“错误”会保存您图片的指纹（一组无法还原出图片的数字），以及所指的是哪个匹配结果。
    🔔 “出现时通知我”会保存您图片的指纹及其在 Telegram 中的标识，直到我通知您或您取消为止。
    💬 为聊天选择的内容会保存：语言、/scope 的标签、/notify 和 /reposts 是否开启。
    🔁 群组开启 /reposts 期间，对群里发的每张图片会保存以下内容 { $days } 天：指纹、消息的编号和时间，以及文件在 Telegram 中的标识。不保存文件、文字和姓名，并与图库分开存放。
    ➕ 可以添加图片的人，其 id 和名称会保存到管理员取消为止；每次添加都会记录是谁所为。

    在其他聊天中以访客身份被询问时，我不保存任何内容；只有回答中断时，问题会保留至多两天，等待按下 🔄。哪些消息是 /add 会记录两天。

    /forget 会删除关于此聊天保存的内容。屏蔽我或将我移出群组也一样。
forgotten = 已删除：{ $verdicts } 个判断、{ $watches } 张等待中的图片，以及为其选择的内容。
forgotten-nothing = 关于此聊天，最多只保存过为其选择的内容，现在也已删除。
forgotten-posted = 关于此处发过的 { $count } 张图片的记录也已删除。
group-admins-only = 在群组中，只有群组管理员可以这样做。
scope-all = 在这里我会在全部图片中查找。用 <code>/scope #comics</code> 可只在带有该标签的图片中查找。
scope-tags = 在这里我只在带有 { $tags } 的图片中查找，在这里添加的图片也会加上这些标签。<code>/scope off</code> 可取消。
scope-new = 还没有带 { $tags } 标签的图片。
reposts-on = 从现在起，如果某张图片在过去 { $days } 天内已在本群发过，我会指出。为此保存的内容见 /privacy；<code>/reposts off</code> 可关闭并删除。
reposts-off = 在本群中，我不会指出图片此前是否发过。<code>/reposts on</code> 可开启。
reposts-blind = 我还看不到本群的全部消息：请将我设为管理员，或由运营者关闭我的隐私模式（@BotFather 的 “Group Privacy”）。
reposts-in-groups = /reposts 用于群组：请在群组中使用。
repost-linked = 此前已在这里发过：<a href="{ $url }">{ $at }</a>
repost-unlinked = 此前已在这里发过：{ $at }
guest-looking = 🔍 正在查找…
guest-how = 在图片说明里，或在回复图片时提及我，我就会在图库中查找。
guest-too-many = 一次太多了：请一分钟后再问。
inline-stranger = 请先给我发消息
inline-nothing = 没有包含这些词的图片

## 管理员

admins-only = 抱歉，只有此图库的管理员可以这样做。搜索对您开放：请发给我一张图片。
adders-only = 抱歉，只有此图库的管理员及其允许的人可以这样做。搜索对您开放：请发给我一张图片。
adder-how = 请用 /adder 回复某人的消息，或写上其 id：/adder 123456
adder-is-admin = { $name } 已经是管理员。
adder-allowed = { $name }（{ $id }）现在可以添加图片，并撤销自己的添加。
adder-forbidden = { $name } 不能再添加图片了。
adders-title = <b>除管理员外，以下的人可以添加：</b>
adders-line = { $name }（{ $id }）
adders-nobody = 只有管理员可以添加。/adder 可允许其他人。
notify-on = 此聊天会收到他人添加图片的通知。<code>/notify off</code> 可关闭。
notify-off = 此聊天不会收到他人添加图片的通知。<code>/notify on</code> 可开启。
heard-added = <b>{ $name }</b> 添加了 { $count } 张图片：id { $ids }
adding = 正在添加：{ $done }/{ $total }…
count-added = 已添加 { $count } 张
count-near = 其中 { $count } 张与其他图片几乎相同
count-duplicate = 已存在 { $count } 张
count-rejected = 未添加 { $count } 张
count-nothing = 没有可添加的图片。
added = ✅ { $name }：已添加，id { $id }
added-title = “{ $title }”
added-forbidden = 您已不能再添加：其余的没有添加。
added-before = 该图片曾被移除（{ $at }），现已恢复。
added-unshown = 另有 { $count } 张已存在或几乎相同的图片未显示。
added-unkept = 另有 { $count } 张几乎相同的图片在此没有按钮，可用 /remove 加 id 移除。
added-passed-over = 另有 { $count } 个文件不是可读取的图片，已跳过。
added-duplicate = 🟰 { $name }：已存在，id { $id }，“{ $title }”
added-near = ✅ { $name }：已添加，id { $id }（{ $size }）；与 id { $other }（{ $othersize }）“{ $title }”几乎相同
added-rejected = ⛔ { $name }：
added-rest = … 还有 { $count } 条，全部列在下面的文件中。
shown-duplicate = 已存在：id { $id } · { $title }
shown-near = 几乎相同：id { $id } · { $title }
add-how = 请发送图片并在说明中写上 /add，或用 /add 回复图片，或写 /add 加链接。后面可以写标题和 #标签。
remove-how = 请用 /remove 回复图片，或写上 id：/remove 17
remove-missing = 图库中没有 id 为 { $ids } 的图片。没有移除任何图片。
remove-too-many = 一次最多可移除 { $count } 张图片。
remove-this = 要移除的是这张图片吗？
removed = 已移除：id { $id } · { $title }
retitle-how = 请用 /retitle 加新标题或 #标签 回复图片，或先写 id：/retitle 17 新标题 #标签
retitle-missing = 图库中没有 id 为 { $id } 的图片。
retitled = id { $id }：{ $title } { $tags }
kept = 已保留 { $better }，已移除 { $lesser }。
done-already = 已完成。
undo-how = /undo 撤销您的上一次更改，/undo 17 撤销 /history 中该编号的更改。没有撤销任何内容。
undo-missing = 没有可撤销的操作 { $id }。
undo-own-only = 您只能撤销自己添加的图片。
history-title = <b>最近的更改</b>
history-nothing = 图库还没有任何更改。
history-line = <b>{ $id }</b> · { $at } · { $who }
history-undone = 已撤销
actor-api = 网页或 API
actor-shell = 命令行
actor-watch = 监视的文件夹
actor-samples = 示例
actor-engine = PicTrace 本身
history-add = 添加 { $count } 张图片
history-remove = 移除 { $count } 张图片
history-edit = 编辑 { $count } 张图片
history-restore = 恢复 { $count } 张图片
history-undo = 撤销涉及 { $count } 张图片
history-decision = 就 { $count } 张近似重复图片作出决定
history-repair = 修复移出 { $count } 张图片
not-in-library = 这张图片不在图库中。
undone-add = 已撤销：添加 { $count } 张图片（{ $at }）。
undone-remove = 已撤销：移除 { $count } 张图片（{ $at }）。
undone-restore = 已撤销：恢复 { $count } 张图片（{ $at }）。
undone-edit = 已撤销：编辑 { $count } 张图片（{ $at }）。
undone-repair = 已撤销：移出 { $count } 张图片的修复（{ $at }）。
undone-decision = 已撤销：对近似重复图片的决定，{ $count } 张图片（{ $at }）。
stats-pictures = <b>{ $count } 张图片</b>
stats-removed = 已移除 { $count } 张，仍可恢复
stats-disk = 占用磁盘 { $megabytes } MB
stats-network = 神经网络 { $name }，{ $calibrated ->
        [yes] 评分已校准
       *[no] 评分未校准
    }
stats-verdicts = 判为正确的匹配：{ $right }，错误：{ $wrong }
stats-watches = 等待中的图片：{ $count } 张

## 出错时

reference = 参考编号：{ $reference }
find-how = 请用 /find 回复图片，或发送图片并在说明中写上 /find，或写 /find 加链接。后面加上 #标签，则只在带有该标签的图片中查找。
not-a-picture = 这个文件不是图片。我支持 JPEG、PNG、WebP、GIF、BMP、TIFF、AVIF 和 HEIC。
no-preview = 这个视频、GIF 或贴纸没有我能查看的预览图。请发送其中的一张静态画面。
web-page = 这是一个网页，且没有指明自己的图片。请打开图片本身并复制其地址，或直接发给我。
no-photos-here = 我在这里可以发文字，但不能发图片。群管理员可以开启此权限。
error-file-gone = Telegram 已不再提供这个文件，请重新发送一次。
error-telegram_failed = Telegram 没有交出文件，请稍后再试。
error-server = 我这边出了问题。我的运营者可以在日志中查到。
error-file_too_large = 文件过大，最大允许 { $limit } MB。
error-empty_file = 文件是空的。
error-unreadable_file = 这张图片的文件在我这边丢失了。
error-not_an_image = 这不是可读取的图片。如果是网页，请打开图片本身并复制其地址。
error-unsupported_format = 不支持此类文件，仅支持 JPEG、PNG、WebP、GIF、BMP、TIFF、AVIF、HEIC、JPEG 2000、JPEG XL 和相机 RAW。
error-too_many_pixels = 图片像素过多：JPEG 最多允许 { $most } 百万像素，其他格式最多 { $megapixels } 百万像素或更少。
warning-cut_short = 文件不完整：缺少图片的末尾或细节。
error-too_costly = 打开此图片需要过多的内存或时间。
error-damaged_image = 图片已损坏或不完整。
error-bad_archive = 无法读取这个压缩包。
error-archive_too_large = 这个压缩包中的内容太多。
error-invalid_url = 这不是链接。
error-url_refused = 我不能从此地址获取图片，只允许公开的 http 和 https 链接。
error-too_many_redirects = 该链接重定向次数过多。
error-fetch_timeout = 对方服务器响应时间过长。请保存图片，然后发给我。
error-fetch_denied = 对方服务器不向他人提供此图片。请保存图片，然后发给我。
error-fetch_failed = 对方服务器没有提供图片。请保存图片，然后发给我。
error-unknown_image = 这张图片已不在图库中。
error-not_duplicates = 这两张图片不再是近似重复图片。未移除任何图片。
error-unknown_operation = 此操作已无法撤销。
error-nothing_to_undo = 没有可撤销的操作，或已经撤销过了。
error-library_busy = 图库正忙，请稍后再试。
error-files_unreachable = 目前无法连接存放图片文件的存储，请稍后再试。
error-library_damaged = 图库已损坏。我的运营者可以在日志中查到详情。
error-database_unreachable = 目前无法连接图库的数据库，请稍后再试。
error-index_unreachable = 目前无法连接保存图库索引的服务器，请稍后再试。
error-database_refused = 图库的数据库拒绝了我的访问。我的运营者可以在日志中查到详情。
error-disk_full = 我的服务器磁盘已满，需要运营者腾出空间。
error-data_dir_not_writable = 我的数据文件夹无法写入。我的运营者可以在日志中查到详情。
