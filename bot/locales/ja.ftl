## メニューとボットの紹介

command-find = 画像を検索：画像への返信、またはリンクを添えて
command-help = できることと使い方
command-language = 言語を選択
command-privacy = 送った内容のうち保存されるもの
command-forget = このチャットについて保存されたものをすべて削除
command-start = はじめる
command-add = 画像を追加：写真・ファイル・アルバム・zipのキャプション、返信、またはリンクで
command-remove = 画像を削除：返信またはidで
command-retitle = 画像に新しいタイトルや #タグ を付ける
command-undo = 自分の最後の追加・削除・編集を元に戻す
command-stats = ライブラリの概要
bot-description =
    画像を送ると、このライブラリから最もよく一致する5枚を表示します。切り抜きやスクリーンショット、左右反転や回転を加えた画像も見つかります。どのくらい確かか、その理由もわかります。
bot-short-description = 画像を送ると、このライブラリから最もよく一致する5枚を表示します。

## あいさつとヘルプ

start =
    画像を送ってください。ライブラリの中を探し、最もよく一致する5枚を、どのくらい確かか、その理由とあわせて表示します。
    切り抜きやスクリーンショット、左右反転や回転を加えた画像も見つかります。
start-library =
    { $count ->
        [0] ライブラリはまだ空です。
       *[other] ライブラリには{ $count }枚の画像があります。
    }
start-admin = あなたは管理者です。画像を追加するには、キャプションに /add と書いて送ってください。詳しくは /help をご覧ください。
start-no-admins = このボットにはまだ管理者がいません。ご自身のボットでしたら、<code>PICTRACE_ADMIN_IDS={ $id }</code> を設定して、もう一度起動してください。
help =
    <b>検索のしかた</b>
    写真、画像ファイル、ステッカー、GIF、動画（プレビュー画像で検索します）、画像のリンクのいずれかを送ってください。転送やアルバムでもかまいません。
    画像に /find と返信しても検索できます。
    グループでは、キャプションでこのボットをメンションするか、画像に /find と返信してください。

    <b>キャプションで結果を調整</b>
    <code>同じ</code>：同じ画像だけ。<code>3</code>：表示する件数（最大10件）。

    <b>答えの下のボタン</b>
    ❓ 一致した理由、🔗 出典、✅ ❌ 正しいかどうか。

    /language で言語の選択、/privacy で保存されるものの確認、/forget でその削除ができます。
help-admin =
    <b>管理者向け</b>
    /add は、写真・ファイル・アルバム・アーカイブ（zip、tar、7z）のキャプションに書くか、画像への返信として、またはリンクを添えて送ります。続けてタイトルと #タグ も書けます：<code>/add 夜の港 #ハンブルク #2024</code>。画質を保つには、画像をファイルとして送ってください。
    /remove は画像への返信、またはidを添えて：<code>/remove 17</code>
    /retitle は返信、またはidを添えて：<code>/retitle 17 新しいタイトル #タグ</code>
    /undo で、自分の最後の追加・削除・編集をまとめて元に戻します。/stats でライブラリの概要を表示します。
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
        [1] <b>この画像そのものはライブラリにありません</b>が、別バージョンがあります。
       *[other] <b>この画像そのものはライブラリにありません</b>が、別バージョンが{ $count }枚あります。
    }
found-alike = <b>この画像そのものはライブラリにありません</b>が、似ている画像があります。
found-weak-only = <b>似た画像はライブラリにありません。</b>最も近い画像ですが、ほとんど似ていません。
found-line = <b>{ $place }</b> · { $title }：{ $score }
found-more =
    { $count ->
        [1] { $first }番です。
       *[other] { $first }番から{ $last }番です。
    }
found-buttons = ❓ で理由を表示します。
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
nothing-empty = ライブラリが空のため、まだ何も見つかりません。
nothing-short = 似た画像なし
no-more = 以上です。ほかに表示できる画像はありません。

## 複数の画像

album-title = <b>画像{ $count }枚</b>
album-line = <b>{ $place }.</b> { $text }
album-best = { $title }（{ $score }）
album-caption = 送られた画像 { $place } →
album-open = 番号を押すと、その画像の結果をすべて表示します。
album-others = ほか{ $count }件は、画像として見られないものでした。

## ボタン（短く）

button-right = 正しい
button-wrong = 違う
button-more = さらに表示
button-nearest = それでも最も近い画像を表示
button-tell = 追加されたら知らせる
button-cancel = 知らせなくてよい
button-undo = 元に戻す
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
    <b>送られたものは保存しません。</b>画像は検索に使ったあと忘れ、書かれた文章も同じです。

    次の場合にだけ、ご希望に応じて残るものがあります：
    ✅ ❌ 「正しい」「違う」では、画像の指紋（元の画像には戻せない数値）と、どの結果についての判定かを保存します。
    🔔 「追加されたら知らせる」では、画像の指紋と、Telegramでのその画像の識別名を、お知らせが済むか取り消されるまで保存します。
    チャットごとに選んだ言語も保存します。

    /forget ですべて削除されます。このボットをブロックしたり、グループから外したりした場合も同じです。
forgotten = 削除しました：判定{ $verdicts }件、待っていた画像{ $watches }枚、選んだ言語。
forgotten-nothing = このチャットについて保存されていたものは、あっても選んだ言語だけで、それも削除しました。
group-admins-only = グループでは、グループの管理者だけが行えます。

## 管理者

admins-only = 申し訳ありませんが、これはこのライブラリの管理者だけが行えます。検索はどなたでもできますので、画像を送ってください。
adding = 追加中：{ $done }/{ $total }…
count-added = { $count }件を追加
count-near = うち{ $count }件はほかの画像とほぼ同じ
count-duplicate = { $count }件は登録済み
count-rejected = { $count }件は追加できず
count-nothing = 追加する画像がありませんでした。
added = ✅ { $name }：追加しました、id { $id }
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
remove-too-many = 一度に削除できる画像は{ $count }枚までです。
remove-this = 削除するのはこの画像ですか？
removed = 削除しました：id { $id } · { $title }
retitle-how = 画像に /retitle と新しいタイトルや #タグ を書いて返信するか、先にidを書いてください：/retitle 17 新しいタイトル #タグ
retitled = id { $id }：{ $title } { $tags }
kept = { $better }を残し、{ $lesser }を削除しました。
done-already = 完了しました。
not-in-library = この画像はライブラリにありません。
undone-add = 画像{ $count }枚の追加を元に戻しました（{ $at }）。
undone-remove = 画像{ $count }枚の削除を元に戻しました（{ $at }）。
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
find-how = 画像に /find と返信するか、キャプションに /find と書いて画像を送るか、/find に続けてリンクを書いてください。
not-a-picture = このファイルは画像ではありません。対応しているのはJPEG、PNG、WebP、GIF、BMP、TIFF、AVIF、HEICです。
animated-sticker = 動くステッカーは画像として扱えません。静止したステッカーか写真を送ってください。
no-preview = 検索に使えるプレビュー画像がありません。静止画にして送ってください。
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
