"""The functions of other tools, and what else people call the facts of elements: the words that FEEL and Charter have.

Tables only; whether a word is meant is for `causes.py` and `mends.py`.
"""

from __future__ import annotations

import re

from charter.dsl.text.words import LANGUAGES, table

# Functions of spreadsheets, databases and programming languages, by their letters in lower case, and what FEEL says:
# {0} is the first argument (of a method: what it is called on), {*} all of them. Of several the first that fits counts.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    name: said
    for names, said in {
        "len length size charlength strlen lena 长度 長度": ("string length({0})", "count({0})"),
        "cnt counta countrows card num 计数 計數 个数 個數 数量 數量": ("count({*})",),
        "upper toupper touppercase ucase 大写": ("upper case({0})",),
        "lower tolower tolowercase lcase casefold 小写": ("lower case({0})",),
        "substr mid slice": ("substring({*})", "sublist({*})"),
        "left": ("substring({0}, 1, {1})",),
        "right": ("substring({0}, -{1})",),
        "concat concatenate": ("{0} + {1}", "concatenate({*})"),
        "join textjoin stringagg groupconcat implode": ("string join({0}, {1})", "string join({0})"),
        "avg average avarage mw 平均 平均值 平均数": ("mean({*})",),
        "total summe 求和 合计 總和 总和 合計": ("sum({*})",),
        "maximum maxof largest 最大 最大值": ("max({*})",),
        "minimum minof smallest 最小 最小值": ("min({*})",),
        "mod rem fmod 取余 求余": ("modulo({0}, {1})",),
        "pow power": ("{0} ** {1}",),
        "round runden 四舍五入 四捨五入": ("round half up({0}, {1})", "round half up({0}, 0)"),
        "roundup": ("round up({0}, {1})", "round up({0}, 0)"),
        "rounddown trunc truncate int 取整": ("round down({0}, {1})", "floor({0})", "number({0})"),
        "ceil": ("ceiling({*})",),
        "absolute 绝对值 絕對值": ("abs({0})",),
        "stdev std 标准差": ("stddev({*})",),
        "curdate currentdate getdate sysdate date.today localdate.now dateonly 今天 今日 当前日期 當前日期": (
            "today()",
        ),
        "date.now datetime.now getutcdate currenttimestamp currenttime systime newdate utcnow localdatetime.now": (
            "now()",
        ),
        "现在 現在 当前时间 此刻": ("now()",),
        "todate cdate datevalue parsedate strtodate": ("date({0})",),
        "todatetime timestamp datetime": ("date and time({*})",),
        "totime": ("time({0})",),
        "tostring str text cstr tochar stringify": ("string({0})",),
        "tonumber parseint parsefloat float value val cint cdbl todecimal numeric": ("number({0})",),
        "year": ("{0}.year",),
        "month": ("{0}.month",),
        "day dayofmonth": ("{0}.day",),
        "hour": ("{0}.hour",),
        "minute": ("{0}.minute",),
        "weekday dow": ("{0}.weekday", "day of week({0})"),
        "weeknum isoweek": ("week of year({0})",),
        "datediff days daysbetween": ("{0} - {1}", "{0} days"),
        "hours": ("{0} hours",),
        "minutes": ("{0} minutes",),
        "weeks": ("{0} weeks",),
        "months": ("{0} months",),
        "workdays workingdays networkdays businessdays": ("{0} working days",),
        "trim strip ltrim rtrim": (r'replace({0}, "^\s+|\s+$", "")',),
        "countif countifs": ("count(list[condition])",),
        "sumif sumifs": ("sum(list[condition].field)",),
        "vlookup lookup": ("list[key = x].field",),
        "dateadd": ("{2} + {1} {0}s", "{2} + {1} {0}", "{0} + {1}", "{0} + {1} days"),
        "adddays plusdays": ("{0} + {1} days", "{0} + {1}"),
        "minusdays subtractdays subdays": ("{0} - {1} days", "{0} - {1}"),
        "workday addworkdays addworkingdays addbusinessdays plusworkingdays": ("{0} + {1} working days",),
        "addweeks plusweeks": ("{0} + {1} weeks",),
        "edate addmonths plusmonths": ("{0} + {1} months",),
        "addyears plusyears": ("{0} + {1} years",),
        "addhours plushours": ("{0} + {1} hours",),
        "isafter isgreaterthan": ("{0} > {1}",),
        "isbefore islessthan": ("{0} < {1}",),
        "isequal isequalto issame objects.equals": ("{0} = {1}",),
        "equalsignorecase": ("lower case({0}) = lower case({1})",),
        "isblank isnull isnil isnone isundefined isna notexists 为空 為空": ("{0} = null",),
        "isempty empty": ("count({0}) = 0", '{0} = ""', "{0} = null"),
        "exists isset isnotnull notnull hasvalue isdefined ispresent defined notblank isnotempty notempty 非空": (
            "{0} != null",
            "count({0}) > 0",
        ),
        "coalesce nvl ifnull isnullelse iferror default getorelse": ("if {0} != null then {0} else {1}",),
        "if iif iff cond ifelse 如果": ("if {0} then {1} else {2}", "if {0} then {1} else null"),
        "and 且": ("{0} and {1}", "all({*})"),
        "or 或": ("{0} or {1}", "any({*})"),
        "not 非 不": ("not({0})",),
        "includes has contains containskey instr indexof search find in member memberof 包含": (
            "contains({0}, {1})",
            "list contains({0}, {1})",
            "contains({1}, {0})",
        ),
        "startswith beginswith hasprefix strstartswith": ("starts with({0}, {1})",),
        "endswith hassuffix": ("ends with({0}, {1})",),
        "match regex regexmatch regexpmatch test regexplike rlike": ("matches({0}, {1})",),
        "substitute replaceall gsub regexpreplace": ("replace({0}, {1}, {2})",),
        "explode": ("split({0}, {1})",),
        "unique distinct uniq set": ("distinct values({*})",),
        "first head": ("{0}[1]",),
        "last tail": ("{0}[-1]",),
        "nth get elementat": ("{0}[{1}]",),
        "filter where": ("{0}[{1}]",),
        "sorted orderby": ("sort({*})",),
        "reversed": ("reverse({0})",),
        "add push": ("append({*})", "{0} + {1}"),
        "between": ("{0} between {1} and {2}",),
        "equals eq equal": ("{0} = {1}",),
        "ne notequals": ("{0} != {1}",),
        "gt greaterthan": ("{0} > {1}",),
        "ge gte": ("{0} >= {1}",),
        "lt lessthan": ("{0} < {1}",),
        "le lte": ("{0} <= {1}",),
    }.items()
    for name in names.split()
}


def letters(name: str) -> str:
    """Gives a function's name by its letters alone, in which `stringLength` and `string length` are one."""
    return re.sub(r"[\s_]", "", name).lower()


# --- facts ----------------------------------------------------------------------------------------

# What people call the facts of elements and of the case, and what Charter may call them: the first there is.
FACTS: dict[str, tuple[str, ...]] = {
    word: facts
    for words, facts in {
        "finished completed ended over 完成 已完成 结束 已结束 結束 已結束": (
            "done",
            "reached",
            "settled",
            "completed",
        ),
        "complete finish done": ("done", "reached", "settled", "completed"),
        "end": ("ended_at", "closed_at", "done", "settled"),
        "approved accepted passed agreed authorised authorized signed_off 批准 已批准 通过 已通过 同意": (
            "granted",
            "done",
        ),
        "approve grant accept": ("granted",),
        "denied declined refused disapproved failed_approval 驳回 已驳回 拒绝 駁回 拒絕": ("rejected", "failed"),
        "reject deny": ("rejected",),
        "returned sent_back": ("rejected", "stale"),
        "late delayed expired timed_out past_due is_overdue 逾期 超期 超时 已超期 已超时 超時 已超時": ("overdue",),
        "in_time punctual ontime timely 按时 准时 按时完成 按時 準時 按時完成": ("on_time",),
        "deadline due_date due_at due_on duedate due_by until 期限 截止": ("due",),
        "user person actor performer assignee by who author done_by completed_by approver approved_by 办理人 审批人": (
            "doer",
            "by",
        ),
        "users persons people actors performers approvers": ("doers",),
        "owner": ("holder", "doer"),
        "started_at": ("opened_at",),
        "started begun start start_date started_on begin began start_time startedat 开始时间": (
            "started_at",
            "opened_at",
        ),
        "end_date finish_time finished_at completed_at closed_on end_time completed_on done_at finish_date": (
            "ended_at",
            "closed_at",
        ),
        "approved_at endedat finished_on 结束时间": ("ended_at", "closed_at"),
        "opened created created_at created_on creation_date start_at openedat": ("opened_at", "ready_at"),
        "closed": ("completed", "closed_at", "done"),
        "status 状态": ("state", "status"),
        "state": ("status",),
        "result decision verdict answer 结果": ("outcome",),
        "comment remark note message 原因": ("reason",),
        "rounds count round runs repetitions": ("iteration",),
        "time_taken elapsed length age 用时": ("duration",),
        "number case_id no nr key": ("id",),
        "initiator requester opened_by creator starter 发起人": ("by",),
        "canceled cancelled aborted 取消 已取消": ("cancelled",),
        "todo to_do pending waiting 待处理 待办 待审批 待审核 待处置 待處理 待辦 待簽核 待審核": ("ready",),
        "processing working 处理中 办理中 處理中 辦理中 审批中": ("active", "ready"),
        "skip omitted 跳过": ("skipped",),
        "open running in_progress started ongoing 进行中": ("active", "open"),
    }.items()
    for word in words.split()
}
# What the keyword tables call the states, in every language: 已逾期, 已核准, 已駁回.
FACTS |= {
    word: tuple(dict.fromkeys((*FACTS.get(word, ()), state)))
    for language in LANGUAGES
    for state, words in table(language)["states"].items()
    for word in words
}
# What people call the parts of values: of amounts, periods and files.
PROPERTIES: dict[str, str] = {
    word: meant
    for meant, words in {
        "amount": "value val sum number 数值 金额",
        "currency": "currencycode currency_code iso unit 币种 幣別",
        "start": "begin from since start_date 开始 起",
        "end": "until to end_date finish 结束 止",
        "sha256": "hash checksum digest",
        "name": "filename file_name title",
    }.items()
    for word in words.split()
}
