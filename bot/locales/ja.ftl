## メニューとボットの紹介

command-find = 画像を検索：画像への返信、またはリンクを添えて
command-scope = #タグ の付いた画像だけ、またはすべての画像から検索
command-reposts = このグループに前にも投稿された画像を知らせる
command-help = できることと使い方
command-language = 言語を選択
command-privacy = 送った内容のうち保存されるもの
command-forget = このチャットについて保存されたものをすべて削除
command-start = はじめる
command-add = 画像を追加：写真・ファイル・アルバム・zipのキャプション、返信、またはリンクで
command-remove = 画像を削除：返信またはidで
command-retitle = 画像に新しいタイトルや #タグ を付ける
command-undo = 自分の最後の追加・削除・編集を元に戻す
command-history = ライブラリの最近の変更と、元に戻すボタン
command-adder = ほかの人に画像の追加を許可：その人への返信、またはidで
command-adders = 画像を追加できる人
command-notify = ほかの人の追加を知らせるかどうか
command-stats = ライブラリの概要
bot-description = 画像を送ると、このライブラリにあるかどうかを調べます。切り抜きやスクリーンショット、左右反転や回転を加えた画像も見つかります。どのくらい確かか、その理由もわかります。
bot-short-description = 画像を送ると、このライブラリにあるかどうかを調べます。

## あいさつとヘルプ

start =
    画像を送ってください。ライブラリの中を探し、一致した画像を、どのくらい確かか、その理由とあわせて表示します。
    切り抜きやスクリーンショット、左右反転や回転を加えた画像も見つかります。
start-library =
    { $count ->
        [0] ライブラリはまだ空です。
       *[other] ライブラリには{ $count }枚の画像があります。
    }
start-guest = ほかのチャットでも使えます。画像のキャプションか、画像への返信で { $name } をメンションしてください。
start-guest-closed = 参加していないチャットでも使えるようにするには、@BotFather でこのボットの設定の「Guest Mode」をオンにしてください。
start-adder = 画像を追加できます。キャプションに /add と書いて送ってください。詳しくは /help をご覧ください。
start-admin = あなたは管理者です。画像を追加するには、キャプションに /add と書いて送ってください。詳しくは /help をご覧ください。
start-no-admins = このボットにはまだ管理者がいません。ご自身のボットでしたら、<code>PICTRACE_ADMIN_IDS={ $id }</code> を設定して、もう一度起動してください。
help =
    <b>検索のしかた</b>
    写真、画像ファイル、ステッカー、GIF、動画、画像のリンク、画像のあるページのリンクのいずれかを送ってください。転送やアルバムでもかまいません。動くものは、プレビュー画像といくつかのコマで検索します。
    画像に /find と返信しても検索できます。
    グループでは、キャプションでこのボットをメンションするか、画像に /find と返信してください。

    <b>キャプションで結果を調整</b>
    <code>同じ</code>：同じ画像だけ。<code>3</code>：表示する件数（最大10件）。<code>#comics</code>：そのタグの付いた画像だけ。/scope でチャット全体に設定できます。

    <b>答えの下のボタン</b>
    ❓ 一致した理由、💾 ファイル、🔗 出典、✅ ❌ 正しいかどうか。

    /language で言語の選択、/privacy で保存されるものの確認、/forget でその削除ができます。グループで /reposts on とすると、前にも投稿された画像をお知らせします。
help-adder =
    <b>追加できる方向け</b>
    /add は、写真・ファイル・アルバム・アーカイブ（zip、tar、7z）のキャプションに書くか、画像への返信として、またはリンクを添えて送ります。続けてタイトルと #タグ も書けます：<code>/add 夜の港 #ハンブルク #2024</code>。画質を保つには、画像をファイルとして送ってください。
    /undo で、自分の最後の追加をまとめて元に戻します。
help-admin =
    <b>管理者向け</b>
    /remove は画像への返信、またはidを添えて：<code>/remove 17</code>
    /retitle は返信、またはidを添えて：<code>/retitle 17 新しいタイトル #タグ</code>
    /history で最近の変更を表示し、それぞれ元に戻せます。/stats でライブラリの概要を表示します。
    /adder をその人への返信、またはidを添えて送ると、その人は画像を追加し、自分の追加を元に戻せるようになります。/adders で一覧を表示します。/notify on とすると、ほかの人の追加をこのチャットにお知らせします。
hint = 画像か画像のリンクを送ってください。ライブラリの中を探します。詳しくは /help をご覧ください。
hint-group = 画像のキャプションでこのボットをメンションするか、画像に /find と返信してください。
group-hello = こんにちは！画像に /find と返信するか、キャプションで { $name } をメンションしてください。ライブラリの中を探します。
waits = 受け取りました。1枚ずつ順番にお答えしていますので、少しお待ちください。

## まったく同じ画像だけを求める、キャプションの言葉（空白区切り）

words-same = 同じ 同じだけ 同一

## 結果

caption = <b>{ $place }</b> · { $title }
    { $score }
caption-id = id { $id }
score-identical = 同じファイル
score-certainly_same = 確実に同じ
score-almost_certainly_same = ほぼ確実に同じ
score-probably_same = おそらく同じ
score-variant = 別バージョン
score-very_alike = とても似ている
score-alike = 似ている
score-weak = ほとんど似ていない
found-same =
    { $count ->
        [1] <b>この画像はライブラリにあります。</b>
       *[other] <b>この画像はライブラリに{ $count }枚あります。</b>
    }
found-variant =
    { $count ->
        [1] <b>この画像の別バージョンがライブラリにあります。</b>この画像そのものがあるとは確認できませんでした。
       *[other] <b>この画像の別バージョンがライブラリに{ $count }枚あります。</b>この画像そのものがあるとは確認できませんでした。
    }
found-alike = <b>この画像がライブラリにあるとは確認できませんでした。</b>似ている画像はこちらです。
found-weak-only = <b>似た画像はライブラリにありません。</b>最も近い画像ですが、ほとんど似ていません。
found-among = { $tags } の中だけ
found-line = <b>{ $place }</b> · { $title }：{ $score }
found-more =
    { $count ->
        [1] { $first }番です。
       *[other] { $first }番から{ $last }番です。
    }
found-buttons = ❓ で理由を表示し、💾 でファイルを送ります。
score-percent = { $words }（{ $percent }）
list-separator = 、
uncalibrated = このライブラリのスコアはまだ較正されていないため、言葉でのみ表示しています。
from-page = ウェブページのプレビュー画像です。
nothing =
    { $count ->
        [1] 似た画像はありません。ライブラリにある1枚の画像は、これに近いものではありません。
       *[other] 似た画像はありません。ライブラリの画像{ $count }枚の中に、これに近いものはありません。
    }
nothing-same =
    { $count ->
        [1] ライブラリにある画像は1枚だけで、これと同じものではありません。
       *[other] ライブラリの画像{ $count }枚の中に、この画像そのものはありません。
    }
nothing-same-near = この画像そのものがライブラリにあるとは確認できませんでした。近い画像はあります。「同じ」を付けずに送ると表示します。
nothing-empty = ライブラリが空のため、まだ何も見つかりません。
nothing-among = その中に似た画像はありません（{ $count }枚中）。
nothing-tagged = { $tags } の付いた画像はライブラリにありません。
no-more = 以上です。ほかに表示できる画像はありません。

## 複数の画像

album-others = ほか{ $count }件は、画像として見られないものでした。
part-of = <b>画像 { $place } / { $count }</b>

## ボタン（短く）

button-right = 正しい
button-wrong = 違う
button-more = さらに表示
button-nearest = それでも最も近い画像を表示
button-tell = 追加されたら知らせる
button-cancel = 知らせなくてよい
button-undo = 元に戻す
button-everything = すべての画像に戻す
button-forbid = ✖ { $name }
button-ask = くわしく聞く
button-keep = { $better }を残し、{ $lesser }を削除
button-remove = { $id }を削除
button-telegrams-language = Telegramと同じ

## 理由

why-title = { $title }
why-exact = 1バイトも違わない同じファイルです。
why-edits = 加えられた変更：{ $edits }。
why-keypoints = { $count }個の点が一致しています。
why-whole = 画像全体が一致しています。
why-variant = 場面やレイアウトは共通していますが、内容が異なります。同じ画像ではなく、別バージョンです。
why-differs = 印を付けた{ $count }か所が異なります。
why-alike = 一方の一部がもう一方に見つかったわけではなく、似ているだけです。
edit-mirrored = 左右反転
edit-rotated = 回転
edit-cropped = 切り抜き
edit-inside_larger = より大きな画像への埋め込み
edit-padded = 余白の追加
edit-recoloured = 色の変更
edit-grayscale = グレースケール化
edit-blurred = ぼかし
edit-overlaid = 文字や図などの重ね合わせ
edit-stretched = 引き伸ばし
edit-recompressed = 再保存

## 正しいか違うか

which-right = 正しいのはどれですか？
which-wrong = 違うのはどれですか？
judged-right = ありがとうございます。記録しました。
judged-wrong = 記録しました。この組み合わせは、このチャットではもう表示しません。押し間違えたときは「正しい」を押してください。
not-yours = このボタンは、検索したご本人専用です。
asked-gone = 元の画像がもう手元にありません。お手数ですが、もう一度送ってください。
original-too-large = この画像のファイルは大きすぎて、ここでは送れません。送れるのは最大 { $limit } MB です。

## 追加されたら知らせる

told-later = この画像がライブラリに追加されたら、このチャットに一度だけお知らせします。
told-no-more = わかりました。お知らせはしません。
appeared = <b>ライブラリに追加されました：</b>{ $title }
    { $score }
too-many-watches = このチャットではすでに{ $count }枚の画像を待っています。どれか1枚を取り消すか、/forget ですべて削除してください。

## 言語とプライバシー

language-which = ここでは何語でお話ししましょうか？
language-set = これからは、ここでは{ $name }でお話しします。
language-telegrams = 再びTelegramの言語に合わせます：{ $name }
privacy =
    <b>送られたものは保存しません。</b>画像は検索に使ったあと忘れ、書かれた文章も同じです。お答えするまでの間だけ預かります。

    次の場合にだけ、ご希望に応じて残るものがあります：
    ✅ ❌ 「正しい」「違う」では、画像の指紋（元の画像には戻せない数値）と、どの結果についての判定かを保存します。
    🔔 「追加されたら知らせる」では、画像の指紋と、Telegramでのその画像の識別名を、お知らせが済むか取り消されるまで保存します。
    💬 チャットごとに選んだもの（言語、/scope のタグ、/notify と /reposts のオン・オフ）を保存します。
    🔁 グループで /reposts がオンの間は、そこに投稿された画像ごとに、画像の指紋、メッセージの番号と日時、Telegramでのファイルの識別名を{ $days }日間保存します。ファイル、文章、名前は保存せず、ライブラリとは別に保管します。
    ➕ 画像を追加できる人のidと名前は、管理者が取り消すまで保存し、追加ごとに誰が行ったかを記録します。

    ほかのチャットでゲストとして尋ねられた内容は何も保存しません。回答が途切れたときだけ、🔄 が押されるまで、長くても2日間、質問を預かります。どのメッセージが /add だったかは2日間だけ記録します。

    /forget で、このチャットについて保存されたものが削除されます。このボットをブロックしたり、グループから外したりした場合も同じです。
forgotten = 削除しました：判定{ $verdicts }件、待っていた画像{ $watches }枚、このチャットの設定。
forgotten-nothing = このチャットについて保存されていたものは、あってもチャットの設定だけで、それも削除しました。
forgotten-posted = ここに投稿された画像{ $count }枚についての記録も削除しました。
group-admins-only = グループでは、グループの管理者だけが行えます。
scope-all = ここではすべての画像から検索します。<code>/scope #comics</code> とすると、そのタグの付いた画像だけから検索します。
scope-tags = ここでは { $tags } の付いた画像だけから検索し、ここで追加した画像にもこのタグを付けます。<code>/scope off</code> で解除できます。
scope-new = { $tags } の付いた画像はまだありません。
reposts-on = これから、過去{ $days }日間にこのグループに投稿された画像がもう一度投稿されたらお知らせします。そのために保存されるものは /privacy をご覧ください。<code>/reposts off</code> で終了し、保存したものを削除します。
reposts-off = このグループでは、前にも投稿された画像かどうかをお知らせしません。<code>/reposts on</code> でお知らせするようになります。
reposts-blind = まだこのグループのすべてのメッセージが見えません。このボットを管理者にするか、運営者がプライバシーモードをオフにする必要があります（@BotFather の「Group Privacy」）。
reposts-in-groups = /reposts はグループ用です。グループの中で送ってください。
repost-linked = 前にもここに投稿されています：<a href="{ $url }">{ $at }</a>
repost-unlinked = 前にもここに投稿されています：{ $at }
guest-looking = 🔍 探しています…
guest-how = 画像のキャプションか、画像への返信でこのボットをメンションすると、ライブラリの中を探します。
guest-too-many = 一度に多すぎます。1分ほどしてからもう一度お尋ねください。
inline-stranger = まずこのボットに話しかけてください
inline-nothing = この言葉の画像はありません

## 管理者

admins-only = 申し訳ありませんが、これはこのライブラリの管理者だけが行えます。検索はどなたでもできますので、画像を送ってください。
adders-only = 申し訳ありませんが、これはこのライブラリの管理者と、許可された人だけが行えます。検索はどなたでもできますので、画像を送ってください。
adder-how = その人のメッセージに /adder と返信するか、idを書いてください：/adder 123456
adder-is-admin = { $name } さんはすでに管理者です。
adder-allowed = { $name } さん（{ $id }）は、これから画像を追加し、自分の追加を元に戻せます。
adder-forbidden = { $name } さんは追加できなくなりました。
adders-title = <b>管理者のほかに追加できる人：</b>
adders-line = { $name }（{ $id }）
adders-nobody = 追加できるのは管理者だけです。/adder でほかの人にも許可できます。
notify-on = このチャットに、ほかの人の追加をお知らせします。<code>/notify off</code> で終了します。
notify-off = このチャットには、ほかの人の追加をお知らせしません。<code>/notify on</code> でお知らせします。
heard-added = <b>{ $name }</b> さんが画像{ $count }枚を追加しました：id { $ids }
adding = 追加中：{ $done }/{ $total }…
count-added = { $count }件を追加
count-near = うち{ $count }件はほかの画像とほぼ同じ
count-duplicate = { $count }件は登録済み
count-rejected = { $count }件は追加できず
count-nothing = 追加する画像がありませんでした。
added = ✅ { $name }：追加しました、id { $id }
added-title = 「{ $title }」
added-forbidden = 追加の許可が取り消されたため、残りは追加していません。
added-before = 以前に削除された画像（{ $at }）を復元しました。
added-unshown = 登録済み、またはほぼ同じ画像のうち、ほか{ $count }枚は表示していません。
added-unkept = ほぼ同じ画像がほかに{ $count }枚ありますが、ここにボタンはありません。/remove とidで削除できます。
added-passed-over = 読み取れる画像ではないため、ほかの{ $count }件は対象外としました。
added-duplicate = 🟰 { $name }：登録済みです、id { $id }、「{ $title }」
added-near = ✅ { $name }：追加しました、id { $id }（{ $size }）。id { $other }（{ $othersize }）「{ $title }」とほぼ同じです
added-rejected = ⛔ { $name }：
added-rest = … ほか{ $count }件。すべて下のファイルにあります。
shown-duplicate = 登録済み：id { $id } · { $title }
shown-near = ほぼ同じ：id { $id } · { $title }
add-how = キャプションに /add と書いて画像を送るか、画像に /add と返信するか、/add に続けてリンクを書いてください。タイトルと #タグ も続けて書けます。
remove-how = 画像に /remove と返信するか、idを書いてください：/remove 17
remove-missing = id { $ids } の画像はライブラリにありません。何も削除していません。
remove-too-many = 一度に削除できる画像は{ $count }枚までです。
remove-this = 削除するのはこの画像ですか？
removed = 削除しました：id { $id } · { $title }
retitle-how = 画像に /retitle と新しいタイトルや #タグ を書いて返信するか、先にidを書いてください：/retitle 17 新しいタイトル #タグ
retitle-missing = id { $id } の画像はライブラリにありません。
retitled = id { $id }：{ $title } { $tags }
kept = { $better }を残し、{ $lesser }を削除しました。
done-already = 完了しました。
undo-how = /undo は直前の変更を、/undo 17 は /history にあるその番号の変更を元に戻します。何も元に戻していません。
undo-missing = 元に戻せる操作 { $id } はありません。
undo-own-only = 元に戻せるのは、自分で追加したものだけです。
history-title = <b>最近の変更</b>
history-nothing = ライブラリはまだ変更されていません。
history-line = <b>{ $id }</b> · { $at } · { $who }
history-undone = 元に戻しました
actor-api = ページまたはAPI
actor-shell = コマンドライン
actor-watch = 監視フォルダー
actor-samples = サンプル
actor-engine = PicTrace自身
history-add = 画像{ $count }枚を追加
history-remove = 画像{ $count }枚を削除
history-edit = 画像{ $count }枚を編集
history-restore = 画像{ $count }枚を復元
history-undo = 画像{ $count }枚を元に戻す操作
history-decision = ほぼ同じ画像{ $count }枚について判断
history-repair = 画像{ $count }枚を修復で除外
not-in-library = この画像はライブラリにありません。
undone-add = 画像{ $count }枚の追加を元に戻しました（{ $at }）。
undone-remove = 画像{ $count }枚の削除を元に戻しました（{ $at }）。
undone-restore = 画像{ $count }枚の復元を元に戻しました（{ $at }）。
undone-edit = 画像{ $count }枚の編集を元に戻しました（{ $at }）。
undone-repair = 画像{ $count }枚を外した修復を元に戻しました（{ $at }）。
undone-decision = ほぼ同じ画像についての決定を元に戻しました：画像{ $count }枚（{ $at }）。
stats-pictures = <b>画像{ $count }枚</b>
stats-removed = 削除済み{ $count }枚（まだ元に戻せます）
stats-disk = ディスク使用量 { $megabytes } MB
stats-network = ニューラルネットワーク { $name }、{ $calibrated ->
        [yes] スコアは較正済み
       *[no] スコアは未較正
    }
stats-verdicts = 結果への判定：正しい { $right }、違う { $wrong }
stats-watches = 待っている画像{ $count }枚

## うまくいかなかったとき

reference = 参照番号：{ $reference }
find-how = 画像に /find と返信するか、キャプションに /find と書いて画像を送るか、/find に続けてリンクを書いてください。続けて #タグ を書くと、そのタグの付いた画像だけから検索します。
not-a-picture = このファイルは画像ではありません。対応しているのはJPEG、PNG、WebP、GIF、BMP、TIFF、AVIF、HEICです。
no-preview = この動画、GIF、ステッカーには、検索に使えるプレビュー画像がありません。静止画にして送ってください。
web-page = これはウェブページで、ページの画像が指定されていません。画像そのものを開いてアドレスをコピーするか、画像を送ってください。
no-photos-here = ここでは文章は書けますが、画像を送る権限がありません。グループの管理者が許可できます。
error-file-gone = Telegramからこのファイルを取得できなくなりました。お手数ですが、もう一度送ってください。
error-telegram_failed = Telegramからファイルを受け取れませんでした。少し待ってからもう一度お試しください。
error-server = こちらで問題が発生しました。詳細は運営者がログで確認できます。
error-file_too_large = ファイルが大きすぎます。上限は{ $limit } MBです。
error-empty_file = ファイルが空です。
error-unreadable_file = この画像のファイルがこちらで失われています。
error-not_an_image = 画像として読み取れません。ウェブページの場合は、画像そのものを開いてアドレスをコピーしてください。
error-unsupported_format = この種類のファイルには対応していません。JPEG、PNG、WebP、GIF、BMP、TIFF、AVIF、HEIC、JPEG 2000、JPEG XL、カメラのRAWをご利用ください。
error-too_many_pixels = 画像の画素数が多すぎます。上限はJPEGで{ $most }メガピクセル、その他の形式では{ $megapixels }メガピクセル以下です。
warning-cut_short = ファイルが途中で切れています。画像の末尾、または細部が欠けています。
error-too_costly = この画像を開くにはメモリか時間がかかりすぎます。
error-damaged_image = 画像が破損しているか、不完全です。
error-bad_archive = このアーカイブは読み取れません。
error-archive_too_large = このアーカイブの中身が多すぎます。
error-invalid_url = リンクではありません。
error-url_refused = このアドレスからは取得できません。利用できるのは公開されたhttpまたはhttpsのリンクだけです。
error-too_many_redirects = リンクの転送回数が多すぎます。
error-fetch_timeout = 相手のサーバーの応答に時間がかかりすぎました。画像を保存して、こちらに送ってください。
error-fetch_denied = 相手のサーバーはこの画像を他者に渡しません。画像を保存して、こちらに送ってください。
error-fetch_failed = 相手のサーバーから画像を取得できませんでした。画像を保存して、こちらに送ってください。
error-unknown_image = この画像はもうライブラリにありません。
error-not_duplicates = この2枚は、もうほぼ同じ画像ではありません。何も削除していません。
error-unknown_operation = この操作はもう元に戻せません。
error-nothing_to_undo = 元に戻す操作がないか、すでに元に戻されています。
error-library_busy = ライブラリは使用中です。少し待ってからもう一度お試しください。
error-files_unreachable = 画像ファイルの保存先に現在接続できません。少し待ってからもう一度お試しください。
error-library_damaged = ライブラリが破損しています。詳細は運営者がログで確認できます。
error-database_unreachable = ライブラリのデータベースに今は接続できません。少し待ってからもう一度お試しください。
error-index_unreachable = ライブラリの索引を保持するサーバーに今は接続できません。少し待ってからもう一度お試しください。
error-database_refused = ライブラリのデータベースへのアクセスが拒否されました。詳細は運営者がログで確認できます。
error-disk_full = サーバーのディスクがいっぱいです。運営者が空き容量を増やす必要があります。
error-data_dir_not_writable = データフォルダーに書き込めません。詳細は運営者がログで確認できます。
