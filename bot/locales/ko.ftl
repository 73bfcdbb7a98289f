## 메뉴와 봇 소개

command-find = 이미지 검색: 이미지에 답장하거나 링크를 함께 보내기
command-scope = 특정 #태그의 이미지에서만, 또는 다시 전체에서 검색
command-reposts = 이 그룹에 전에 올라온 이미지이면 알리기
command-help = 할 수 있는 일과 사용 방법
command-language = 언어 선택
command-privacy = 보낸 내용 중 저장되는 것
command-forget = 이 채팅에 관해 저장된 것을 모두 삭제
command-start = 시작하기
command-add = 이미지 추가: 사진, 파일, 앨범, zip의 캡션, 답장 또는 링크로
command-remove = 이미지 삭제: 답장 또는 id로
command-retitle = 이미지의 제목이나 #태그 변경
command-undo = 본인이 마지막으로 한 추가, 삭제, 편집을 실행 취소
command-history = 라이브러리의 최근 변경 내역과 실행 취소
command-adder = 다른 사람에게 이미지 추가를 허용: 답장 또는 id로
command-adders = 이미지를 추가할 수 있는 사람
command-notify = 다른 사람의 추가를 알림 받을지 여부
command-stats = 라이브러리 한눈에 보기
bot-description = 이미지를 보내시면 이 라이브러리에 있는지 알려 드립니다. 잘라낸 부분, 스크린샷, 좌우 반전하거나 회전한 사본도 찾습니다. 얼마나 확실한지와 그 이유도 알 수 있습니다.
bot-short-description = 이미지를 보내시면 이 라이브러리에 있는지 알려 드립니다.

## 인사와 도움말

start =
    이미지를 보내 주세요. 라이브러리에서 찾아 일치하는 이미지를, 얼마나 확실한지와 그 이유를 함께 보여 드립니다.
    잘라낸 부분, 스크린샷, 좌우 반전하거나 회전한 사본도 찾습니다.
start-library =
    { $count ->
        [0] 라이브러리가 아직 비어 있습니다.
       *[other] 라이브러리에 이미지 { $count }개가 있습니다.
    }
start-guest = 다른 채팅에서도 쓸 수 있습니다. 이미지의 캡션이나 이미지에 대한 답장에서 { $name } 멘션을 넣어 주세요.
start-guest-closed = 제가 참여하지 않은 채팅에서도 쓸 수 있게 하려면 @BotFather 에서 이 봇의 설정 중 “Guest Mode”를 켜 주세요.
start-adder = 이미지를 추가하실 수 있습니다. 캡션에 /add 명령을 써서 보내 주세요. 자세한 내용: /help
start-admin = 관리자이십니다. 이미지를 추가하려면 캡션에 /add 명령을 써서 보내 주세요. 자세한 내용: /help
start-no-admins = 이 봇에는 아직 관리자가 없습니다. 본인의 봇인가요? 그렇다면 <code>PICTRACE_ADMIN_IDS={ $id }</code> 설정을 추가하고 다시 시작해 주세요.
help =
    <b>검색 방법</b>
    사진, 파일로 된 이미지, 스티커, GIF, 동영상, 이미지 링크나 이미지가 있는 페이지의 링크를 보내 주세요. 이미지를 전달하거나 앨범을 보내셔도 됩니다. 움직이는 것은 미리보기 이미지와 여러 장면으로 검색합니다.
    이미지에 /find 명령으로 답장하셔도 됩니다.
    그룹에서는 캡션에 저를 멘션하거나, 이미지에 /find 명령으로 답장해 주세요.

    <b>캡션으로 결과 조절</b>
    <code>같은 것만</code>: 같은 이미지만. <code>3</code>: 보여 줄 결과 수, 최대 10개. <code>#comics</code>: 그 태그의 이미지에서만. /scope 명령으로 채팅 전체에 정할 수 있습니다.

    <b>답변 아래 버튼</b>
    ❓ 일치하는 이유, 💾 파일, 🔗 출처, ✅ ❌ 결과가 맞는지 여부.

    /language 언어 선택, /privacy 저장되는 내용 확인, /forget 저장된 내용 삭제. 그룹에서 /reposts on 명령을 쓰면 전에 올라온 이미지일 때 알려 드립니다.
help-adder =
    <b>추가할 수 있는 분께</b>
    /add 명령은 사진, 파일, 앨범, 압축 파일(zip, tar, 7z)의 캡션에 쓰거나, 이미지에 답장하거나, 링크와 함께 보냅니다. 뒤에 제목과 ‘#태그’를 붙일 수 있습니다: <code>/add 밤의 항구 #함부르크 #2024</code>. 원래 화질을 유지하려면 이미지를 파일로 보내 주세요.
    /undo 본인이 마지막으로 한 추가를 통째로 실행 취소합니다.
help-admin =
    <b>관리자용</b>
    /remove 이미지에 답장하거나 id와 함께: <code>/remove 17</code>
    /retitle 답장하거나 id와 함께: <code>/retitle 17 새 제목 #태그</code>
    /history 최근 변경 내역을 보여 주며 각각 실행 취소할 수 있습니다. /stats 라이브러리를 한눈에 보여 줍니다.
    /adder 그 사람에게 답장하거나 id와 함께 쓰면 그 사람이 이미지를 추가하고 자신의 추가를 실행 취소할 수 있습니다. /adders 목록을 보여 줍니다. /notify on 다른 사람의 추가를 이 채팅에 알립니다.
hint = 이미지나 이미지 링크를 보내 주시면 라이브러리에서 찾아 드립니다. 자세한 내용: /help
hint-group = 이미지 캡션에 저를 멘션하거나, 이미지에 /find 명령으로 답장해 주세요.
group-hello = 안녕하세요! 이미지에 /find 명령으로 답장하거나 캡션에 { $name } 멘션을 넣어 주시면 라이브러리에서 찾아 드립니다.
waits = 잘 받았습니다. 한 이미지씩 차례로 답해 드리니 잠시만 기다려 주세요.

## 캡션에서 ‘똑같은 이미지만’을 뜻하는 말(띄어쓰기로 구분)

words-same = 같은 것만 동일

## 결과

caption = <b>{ $place }</b> · { $title }
    { $score }
caption-id = id { $id }
score-identical = 같은 파일
score-certainly_same = 확실히 같음
score-almost_certainly_same = 거의 확실히 같음
score-probably_same = 아마도 같음
score-variant = 다른 버전
score-very_alike = 매우 비슷함
score-alike = 비슷함
score-weak = 거의 비슷하지 않음
found-same =
    { $count ->
        [1] <b>이 이미지는 라이브러리에 있습니다.</b>
       *[other] <b>이 이미지는 라이브러리에 { $count }개 있습니다.</b>
    }
found-variant =
    { $count ->
        [1] <b>이 이미지의 다른 버전이 라이브러리에 있습니다.</b> 이 이미지 자체가 있는지는 확인하지 못했습니다.
       *[other] <b>이 이미지의 다른 버전이 라이브러리에 { $count }개 있습니다.</b> 이 이미지 자체가 있는지는 확인하지 못했습니다.
    }
found-alike = <b>이 이미지가 라이브러리에 있는지 확인하지 못했습니다.</b> 비슷한 이미지는 다음과 같습니다.
found-weak-only = <b>라이브러리에 비슷한 이미지가 없습니다.</b> 가장 가까운 이미지이지만 거의 비슷하지 않습니다.
found-among = { $tags } 중에서만
found-line = <b>{ $place }</b> · { $title } — { $score }
found-more =
    { $count ->
        [1] { $first }번입니다.
       *[other] { $first }번부터 { $last }번까지입니다.
    }
found-buttons = ❓ 버튼은 이유를 보여 드리고, 💾 버튼은 파일을 보내 드립니다.
score-percent = { $words }, { $percent }
list-separator = { ", " }
uncalibrated = 이 라이브러리의 점수는 아직 보정되지 않아 문구로만 표시합니다.
from-page = 웹 페이지의 미리보기 이미지입니다.
nothing =
    { $count ->
        [1] 비슷한 이미지가 없습니다. 라이브러리에 하나뿐인 이미지는 이것과 가깝지 않습니다.
       *[other] 비슷한 이미지가 없습니다. 라이브러리의 이미지 { $count }개 중에 가까운 것이 없습니다.
    }
nothing-same =
    { $count ->
        [1] 라이브러리에는 이미지가 하나뿐이며, 이 이미지가 아닙니다.
       *[other] 라이브러리의 이미지 { $count }개 중에 이 이미지는 없습니다.
    }
nothing-same-near = 바로 이 이미지가 라이브러리에 있는지 확인하지 못했습니다. 가까운 이미지는 있습니다. “같은” 없이 물어보시면 보여 드립니다.
nothing-empty = 라이브러리가 비어 있어 아직 찾을 것이 없습니다.
nothing-among = 그중에는 비슷한 이미지가 없습니다(이미지 { $count }개).
nothing-tagged = 라이브러리에 { $tags } 태그가 있는 이미지가 없습니다.
no-more = 여기까지입니다. 더 보여 드릴 이미지가 없습니다.

## 여러 이미지를 한 번에

album-others = 나머지 { $count }개는 살펴볼 수 있는 이미지가 아닙니다.
part-of = <b>이미지 { $place } / { $count }</b>

## 버튼(짧게)

button-right = 맞음
button-wrong = 틀림
button-more = 더 보기
button-nearest = 그래도 가장 가까운 이미지 보기
button-tell = 추가되면 알려 주기
button-cancel = 알리지 않기
button-undo = 실행 취소
button-everything = 다시 전체 이미지
button-forbid = ✖ { $name }
button-ask = 더 물어보기
button-keep = { $better } 유지, { $lesser } 삭제
button-remove = { $id } 삭제
button-telegrams-language = Telegram과 같게

## 이유

why-title = { $title }
why-exact = 바이트까지 똑같은 파일입니다.
why-edits = 적용된 변경: { $edits }.
why-keypoints = 점 { $count }개가 일치합니다.
why-whole = 이미지 전체가 일치합니다.
why-variant = 장면이나 레이아웃은 같지만 담긴 내용이 다릅니다. 같은 이미지가 아니라 다른 버전입니다.
why-differs = 표시된 부분 { $count }곳이 다릅니다.
why-alike = 한 이미지의 일부가 다른 이미지에서 발견되지는 않았고, 비슷해 보일 뿐입니다.
edit-mirrored = 좌우 반전
edit-rotated = 회전
edit-cropped = 잘라내기
edit-inside_larger = 더 큰 이미지에 삽입
edit-padded = 여백 추가
edit-recoloured = 색상 변경
edit-grayscale = 회색조 변환
edit-blurred = 흐리게 처리
edit-overlaid = 다른 요소 덧씌움
edit-stretched = 늘이기
edit-recompressed = 다시 저장

## 맞음 또는 틀림

which-right = 어느 것이 맞나요?
which-wrong = 어느 것이 틀렸나요?
judged-right = 고맙습니다. 기록했습니다.
judged-wrong = 기록했습니다. 이 조합은 이 채팅에 다시 표시하지 않습니다. 잘못 누르셨다면 ‘맞음’을 눌러 주세요.
not-yours = 이 버튼은 검색하신 분만 사용할 수 있습니다.
asked-gone = 해당 이미지가 더 이상 제게 없습니다. 다시 보내 주세요.
original-too-large = 이 이미지의 파일이 너무 커서 여기로 보낼 수 없습니다. 최대 { $limit }MB까지 보낼 수 있습니다.

## 추가되면 알려 주기

told-later = 이 이미지가 라이브러리에 추가되면 이 채팅에 한 번 알려 드립니다.
told-no-more = 알겠습니다. 알리지 않겠습니다.
appeared = <b>라이브러리에 추가되었습니다:</b> { $title }
    { $score }
too-many-watches = 이 채팅에서 이미 이미지 { $count }개를 기다리고 있습니다. 하나를 취소하거나 /forget 명령으로 모두 삭제해 주세요.

## 언어와 개인정보

language-which = 여기서 어떤 언어로 말씀드릴까요?
language-set = 이제부터 여기서는 { $name }로 말씀드립니다.
language-telegrams = 다시 Telegram의 언어를 따릅니다: { $name }
privacy =
    <b>보내신 것은 저장하지 않습니다.</b> 이미지는 살펴본 뒤 잊으며, 쓰신 글도 마찬가지입니다. 답해 드릴 때까지만 보관합니다.

    요청하신 경우에만 다음이 남습니다:
    ✅ ❌ ‘맞음’과 ‘틀림’은 이미지의 지문(이미지를 되살릴 수 없는 숫자)과 어느 결과를 가리켰는지를 저장합니다.
    🔔 ‘추가되면 알려 주기’는 이미지의 지문과 Telegram에서 쓰는 이미지의 식별 이름을, 알려 드리거나 취소하실 때까지 저장합니다.
    💬 채팅에서 선택하신 것(언어, /scope 명령의 태그, /notify 및 /reposts 켜짐 여부)을 저장합니다.
    🔁 그룹에서 /reposts 기능이 켜져 있는 동안, 그곳에 올라온 이미지마다 지문, 메시지의 번호와 시각, Telegram에서 쓰는 파일의 식별 이름을 { $days }일 동안 저장합니다. 파일, 글, 이름은 저장하지 않으며 라이브러리와 따로 보관합니다.
    ➕ 이미지를 추가할 수 있는 사람의 id와 이름은 관리자가 취소할 때까지 저장하며, 추가마다 누가 했는지 기록합니다.

    다른 채팅에서 손님으로 받은 질문은 아무것도 저장하지 않습니다. 답이 도중에 끊겼을 때만 🔄 버튼을 누르실 때까지 최대 이틀 동안 질문을 보관합니다. 어느 메시지가 /add 명령이었는지는 이틀 동안만 기록합니다.

    /forget 명령은 이 채팅에 관해 저장된 것을 삭제합니다. 저를 차단하거나 그룹에서 내보내셔도 마찬가지입니다.
forgotten = 삭제했습니다: 판정 { $verdicts }개, 기다리던 이미지 { $watches }개, 이 채팅의 설정.
forgotten-nothing = 이 채팅에 관해 저장된 것은 없었습니다. 이 채팅의 설정이 있었다면 그것도 삭제했습니다.
forgotten-posted = 여기에 올라온 이미지 { $count }개에 관한 기록도 삭제했습니다.
group-admins-only = 그룹에서는 그룹 관리자만 할 수 있습니다.
scope-all = 여기서는 모든 이미지에서 찾습니다. <code>/scope #comics</code> 명령을 쓰면 그 태그의 이미지에서만 찾습니다.
scope-tags = 여기서는 { $tags } 태그의 이미지에서만 찾고, 여기서 추가한 이미지에도 이 태그를 붙입니다. <code>/scope off</code> 명령으로 해제합니다.
scope-new = 아직 { $tags } 태그가 있는 이미지가 없습니다.
reposts-on = 이제부터 지난 { $days }일 동안 이 그룹에 올라온 이미지가 다시 올라오면 알려 드립니다. 이를 위해 저장되는 내용은 /privacy 에서 볼 수 있으며, <code>/reposts off</code> 명령으로 끝내고 삭제합니다.
reposts-off = 이 그룹에서는 전에 올라온 이미지인지 알려 드리지 않습니다. <code>/reposts on</code> 명령으로 켤 수 있습니다.
reposts-blind = 아직 이 그룹의 모든 메시지를 볼 수 없습니다. 저를 관리자로 지정하거나, 운영자가 제 개인정보 모드를 꺼야 합니다(@BotFather 의 “Group Privacy”).
reposts-in-groups = /reposts 명령은 그룹용입니다. 그룹에서 써 주세요.
repost-linked = 전에 여기에 올라온 이미지입니다: <a href="{ $url }">{ $at }</a>
repost-unlinked = 전에 여기에 올라온 이미지입니다: { $at }
guest-looking = 🔍 찾는 중입니다…
guest-how = 이미지의 캡션이나 이미지에 대한 답장에서 저를 멘션하시면 라이브러리에서 찾아 드립니다.
guest-too-many = 한꺼번에 너무 많습니다. 1분 뒤에 다시 물어봐 주세요.
inline-stranger = 먼저 저에게 말을 걸어 주세요
inline-nothing = 이 단어가 있는 이미지가 없습니다

## 관리자

admins-only = 죄송하지만 이 라이브러리의 관리자만 할 수 있습니다. 검색은 누구나 할 수 있으니 이미지를 보내 주세요.
adders-only = 죄송하지만 이 라이브러리의 관리자와 관리자가 허용한 사람만 할 수 있습니다. 검색은 누구나 할 수 있으니 이미지를 보내 주세요.
adder-how = 그 사람의 메시지에 /adder 명령으로 답장하거나 id를 써 주세요: /adder 123456
adder-is-admin = { $name } 님은 이미 관리자입니다.
adder-allowed = 이제부터 { $name } 님({ $id })은 이미지를 추가하고 자신의 추가를 실행 취소할 수 있습니다.
adder-forbidden = { $name } 님은 더 이상 추가할 수 없습니다.
adders-title = <b>관리자 외에 추가할 수 있는 사람:</b>
adders-line = { $name }({ $id })
adders-nobody = 관리자만 추가할 수 있습니다. /adder 명령으로 다른 사람에게 허용할 수 있습니다.
notify-on = 다른 사람의 추가를 이 채팅에 알립니다. <code>/notify off</code> 명령으로 끕니다.
notify-off = 다른 사람의 추가를 이 채팅에 알리지 않습니다. <code>/notify on</code> 명령으로 켭니다.
heard-added = <b>{ $name }</b> 님이 이미지 { $count }개를 추가했습니다: id { $ids }
adding = 추가 중: { $done }/{ $total }…
count-added = { $count }개 추가됨
count-near = 그중 { $count }개는 다른 이미지와 거의 같음
count-duplicate = { $count }개 이미 있음
count-rejected = { $count }개 추가되지 않음
count-nothing = 추가할 이미지가 없었습니다.
added = ✅ { $name }: 추가됨, id { $id }
added-title = “{ $title }”
added-forbidden = 추가 권한이 취소되어 나머지는 추가하지 않았습니다.
added-before = 이전에 삭제되었던 이미지({ $at })가 복원되었습니다.
added-unshown = 이미 있거나 거의 같은 이미지 중 { $count }개는 표시하지 않았습니다.
added-unkept = 거의 같은 이미지가 { $count }개 더 있지만 여기에는 버튼이 없습니다. /remove 명령에 id를 써서 삭제할 수 있습니다.
added-passed-over = 읽을 수 있는 이미지가 아닌 다른 파일 { $count }개는 건너뛰었습니다.
added-duplicate = 🟰 { $name }: 이미 있음, id { $id }, “{ $title }”
added-near = ✅ { $name }: 추가됨, id { $id } ({ $size }); 거의 같은 이미지: id { $other } ({ $othersize }), “{ $title }”
added-rejected = ⛔ { $name }:
added-rest = … 외 { $count }개. 모두 아래 파일에 있습니다.
shown-duplicate = 이미 있음: id { $id } · { $title }
shown-near = 거의 같음: id { $id } · { $title }
add-how = 캡션에 /add 명령을 써서 이미지를 보내거나, 이미지에 /add 명령으로 답장하거나, /add 뒤에 링크를 써 주세요. 이어서 제목과 ‘#태그’를 쓸 수 있습니다.
remove-how = 이미지에 /remove 명령으로 답장하거나 id를 써 주세요: /remove 17
remove-missing = 라이브러리에 id { $ids } 이미지가 없습니다. 아무것도 삭제하지 않았습니다.
remove-too-many = 한 번에 이미지를 최대 { $count }개까지 삭제할 수 있습니다.
remove-this = 삭제할 이미지가 이것인가요?
removed = 삭제됨: id { $id } · { $title }
retitle-how = 이미지에 /retitle 명령과 새 제목이나 ‘#태그’로 답장하거나, id를 먼저 써 주세요: /retitle 17 새 제목 #태그
retitle-missing = 라이브러리에 id { $id } 이미지가 없습니다.
retitled = id { $id }: { $title } { $tags }
kept = { $better } 이미지는 유지하고 { $lesser } 이미지는 삭제했습니다.
done-already = 완료했습니다.
undo-how = /undo 명령은 마지막 변경을, /undo 17 명령은 /history에 있는 그 번호의 변경을 되돌립니다. 되돌린 것은 없습니다.
undo-missing = 실행 취소할 수 있는 작업 { $id }이(가) 없습니다.
undo-own-only = 본인이 추가한 것만 실행 취소할 수 있습니다.
history-title = <b>최근 변경 내역</b>
history-nothing = 라이브러리에 아직 변경된 것이 없습니다.
history-line = <b>{ $id }</b> · { $at } · { $who }
history-undone = 실행 취소됨
actor-api = 페이지 또는 API
actor-shell = 명령줄
actor-watch = 감시 폴더
actor-samples = 샘플
actor-engine = PicTrace 자체
history-add = 이미지 { $count }개 추가
history-remove = 이미지 { $count }개 삭제
history-edit = 이미지 { $count }개 편집
history-restore = 이미지 { $count }개 복원
history-undo = 이미지 { $count }개 실행 취소에 해당
history-decision = 거의 같은 이미지 { $count }개에 대해 결정
history-repair = 이미지 { $count }개 복구로 제외
not-in-library = 이 이미지는 라이브러리에 없습니다.
undone-add = 이미지 { $count }개의 추가를 실행 취소했습니다({ $at }).
undone-remove = 이미지 { $count }개의 삭제를 실행 취소했습니다({ $at }).
undone-restore = 이미지 { $count }개의 복원을 실행 취소했습니다({ $at }).
undone-edit = 이미지 { $count }개의 편집을 실행 취소했습니다({ $at }).
undone-repair = 이미지 { $count }개를 제외한 복구를 실행 취소했습니다({ $at }).
undone-decision = 거의 같은 이미지에 대한 결정을 실행 취소했습니다: 이미지 { $count }개({ $at }).
stats-pictures = <b>이미지 { $count }개</b>
stats-removed = 삭제된 이미지 { $count }개(아직 되돌릴 수 있음)
stats-disk = 디스크 사용량 { $megabytes }MB
stats-network = 신경망 { $name }, { $calibrated ->
        [yes] 점수 보정됨
       *[no] 점수 보정되지 않음
    }
stats-verdicts = 결과 판정: 맞음 { $right }, 틀림 { $wrong }
stats-watches = 기다리는 이미지 { $count }개

## 문제가 생겼을 때

reference = 참조 번호: { $reference }
find-how = 이미지에 /find 명령으로 답장하거나, 캡션에 /find 명령을 써서 이미지를 보내거나, /find 뒤에 링크를 써 주세요. 이어서 ‘#태그’를 쓰면 그 태그의 이미지에서만 찾습니다.
not-a-picture = 이 파일은 이미지가 아닙니다. JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC를 받습니다.
no-preview = 이 동영상, GIF 또는 스티커에는 살펴볼 미리보기 이미지가 없습니다. 정지 화면을 보내 주세요.
web-page = 이 링크는 대표 이미지가 없는 웹 페이지입니다. 이미지 자체를 열고 그 주소를 복사하거나, 이미지를 보내 주세요.
no-photos-here = 여기서는 글은 쓸 수 있지만 이미지를 보낼 권한이 없습니다. 그룹 관리자가 허용할 수 있습니다.
error-file-gone = Telegram에서 이 파일을 더 이상 받을 수 없습니다. 다시 보내 주세요.
error-telegram_failed = Telegram에서 파일을 받지 못했습니다. 잠시 후 다시 시도해 주세요.
error-server = 제 쪽에 문제가 생겼습니다. 자세한 내용은 운영자가 로그에서 확인할 수 있습니다.
error-file_too_large = 파일이 너무 큽니다. 최대 { $limit }MB까지 가능합니다.
error-empty_file = 파일이 비어 있습니다.
error-unreadable_file = 제 쪽에서 이 이미지의 파일이 손실되었습니다.
error-not_an_image = 읽을 수 있는 이미지가 아닙니다. 웹 페이지라면 이미지 자체를 열고 그 주소를 복사해 주세요.
error-unsupported_format = 지원하지 않는 파일 형식입니다. JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000, JPEG XL, 카메라 RAW만 사용할 수 있습니다.
error-too_many_pixels = 이미지의 픽셀 수가 너무 많습니다. JPEG는 최대 { $most }메가픽셀, 다른 형식은 { $megapixels }메가픽셀 이하까지 가능합니다.
warning-cut_short = 파일이 중간에 끊겼습니다. 이미지의 끝부분이나 세부가 빠져 있습니다.
error-too_costly = 이 이미지를 여는 데 메모리나 시간이 너무 많이 필요합니다.
error-damaged_image = 이미지가 손상되었거나 불완전합니다.
error-bad_archive = 이 압축 파일을 읽을 수 없습니다.
error-archive_too_large = 이 압축 파일에 들어 있는 것이 너무 많습니다.
error-invalid_url = 링크가 아닙니다.
error-url_refused = 이 주소에서는 가져올 수 없습니다. 공개된 http 및 https 링크만 허용됩니다.
error-too_many_redirects = 링크가 다른 주소로 너무 많이 이동합니다.
error-fetch_timeout = 다른 서버의 응답이 너무 오래 걸렸습니다. 이미지를 저장한 다음 제게 보내 주세요.
error-fetch_denied = 다른 서버가 이 이미지를 외부에 제공하지 않습니다. 이미지를 저장한 다음 제게 보내 주세요.
error-fetch_failed = 다른 서버에서 이미지를 가져오지 못했습니다. 이미지를 저장한 다음 제게 보내 주세요.
error-unknown_image = 이 이미지는 더 이상 라이브러리에 없습니다.
error-not_duplicates = 이 두 이미지는 더 이상 거의 같은 이미지가 아닙니다. 아무것도 삭제하지 않았습니다.
error-unknown_operation = 이 작업은 더 이상 실행 취소할 수 없습니다.
error-nothing_to_undo = 실행 취소할 작업이 없거나 이미 실행 취소했습니다.
error-library_busy = 라이브러리가 사용 중입니다. 잠시 후 다시 시도해 주세요.
error-files_unreachable = 지금은 이미지 파일 저장소에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요.
error-library_damaged = 라이브러리가 손상되었습니다. 자세한 내용은 운영자가 로그에서 확인할 수 있습니다.
error-database_unreachable = 지금은 라이브러리의 데이터베이스에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요.
error-index_unreachable = 지금은 라이브러리의 색인을 보관하는 서버에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요.
error-database_refused = 라이브러리의 데이터베이스가 접속을 거부했습니다. 자세한 내용은 운영자가 로그에서 확인할 수 있습니다.
error-disk_full = 제 서버의 디스크가 가득 찼습니다. 운영자가 공간을 확보해야 합니다.
error-data_dir_not_writable = 데이터 폴더에 쓸 수 없습니다. 자세한 내용은 운영자가 로그에서 확인할 수 있습니다.
