"""The words and signs that tell a message's task by themselves, in English and Chinese."""

from __future__ import annotations

import re

HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")

PROGRAM = re.compile(
    r"^[ \t]*```(?!(?:text|latex|math)\b)|Traceback \(most recent call last\)|^[ \t]*#include\s*[<\"]"
    r"|^[ \t]*(?:async )?(?:def|class) \w+[^\n]{0,200}:[ \t]*$|\A#!/|</?(?:div|script|html|span)\b"
    r"|^[ \t]*(?:public|private) (?:static )?\w+ \w+\("
    r"|^[ \t]*(?:SELECT\b[^\n]{1,200}\bFROM|CREATE TABLE)\b|^[ \t]*(?:func|fn) \w+\(|\bstd::\w+"
    r"|^[ \t]*\$ (?:git|pip|npm|docker) |\b(?:const|let|var) \w+ = |\bfor \w+ in \w+(?:\(|:)",
    re.MULTILINE,
)
"""Program text itself."""

_LANGUAGES = (
    "arabic|basque|bengali|catalan|chinese|croatian|czech|danish|dutch|english|finnish|french|german|greek"
    "|hebrew|hindi|hungarian|indonesian|irish|italian|japanese|korean|latin|mandarin|norwegian|persian|polish"
    "|portuguese|romanian|russian|serbian|spanish|swahili|swedish|thai|turkish|ukrainian|urdu|vietnamese|welsh"
)
_YU = "[英法德日韩俄泰]|西班牙|意大利|葡萄牙|阿拉伯|越南|拉丁|希腊|荷兰|土耳其|印地|中"
TRANSLATION = re.compile(
    r"\btranslat(?:e|ion|ions|ing)\b"
    rf"|\b(?:say|said|call|called)\b.{{1,80}}?\bin (?:\w+ )?(?:{_LANGUAGES})\b"
    rf"|\bsay (?:it |this |that )?in (?:{_LANGUAGES})\b"
    rf"|\b(?:{_LANGUAGES}) (?:word|words|term|equivalent|version|phrase)\b"
    rf"|\b(?:the|what is|what's) (?:{_LANGUAGES}) for\b"
    rf"|\b(?:render|put)\b.{{1,60}}?\bin(?:to)? (?:\w+ )?(?:{_LANGUAGES})\b"
    rf"|\bwrite [\"“'][^\"”]{{1,60}}[\"”'] in (?:\w+ )?(?:{_LANGUAGES})\b"
    rf"|\b(?:{_LANGUAGES}) (?:to|into) (?:{_LANGUAGES})\b|\b(?:into|from) (?:{_LANGUAGES})\b"
    r"|翻译|[中英日法德韩俄]译[中英日法德韩俄]|译[成为]|翻[成为]"
    rf"|(?:{_YU})[语文].{{0,20}}?(?:怎么|什么意思|意思是|表达|说法|叫什么)",
    re.IGNORECASE,
)
"""It asks for another language."""

CHINESE = re.compile(
    r"\b(?:chinese|mandarin|pinyin|hanzi|chengyu|hsk)\b|\A(?=[^\u4e00-\u9fff]*[a-z]{3}).*[\u4e00-\u9fff]",
    re.IGNORECASE | re.DOTALL,
)
"""It is about Chinese, or has Chinese words in another language."""

CODE = re.compile(
    r"\b(?i:python|javascript|typescript|java|kotlin|haskell|golang|php|perl|lua|sql|mysql|postgres(?:ql)?|sqlite"
    r"|html|css|json|yaml|regex|regexp|git|github|docker|dockerfile|kubernetes|npm|pip|bash|powershell|nginx"
    r"|redis|react|vue|django|flask|node\.?js|express|pandas|numpy|pytest|jest|awk|sed|ssh|api|vba|makefile|ide"
    r"|async|await|stdin|stdout|segfault|refactor|unit tests?|source code|codebase|compiler"
    r"|debug(?:ger|ging)?"
    r"|\w+(?:Error|Exception)|function that|a function in"
    r"|shell command|data structures?|(?:for|while) loop|subclass|mutex|endpoint|linter|recursive"
    r"|hash ?table|linked list)\b"
    r"|\bC(?:\+\+|#)|\bin (?:C|Go|Rust|Swift|R)\b|\w\(\)|\w+\.\w+\(|==="
    r"|代码|编译|死循环|缓存|时间复杂度|异步|堆栈|栈溢出|快速排序|爬虫|脚本|数据库|报错|线程|正则|函数返回|编程|变量|调试|接口返回|单元测试|算法题|前端|后端",
    re.ASCII,
)
"""Words of those who program."""

MATH = re.compile(
    r"\\(?:frac|int|sum|sqrt|lim|begin\{)|[∫∑√]|\bsolve for [a-z]\b|\bprove (?:that|the|by)\b"
    r"|\bby induction\b"
    r"|\b(?:derivative|integral|integrate|differentiate|eigenvalues?|determinant|probability|equation|theorem"
    r"|polynomial|parabola|logarithm|cosine|square root|prime numbers?|factorial|standard deviation|remainder"
    r"|expected number|knights? and knaves?|(?:tells?|speaks?) the truth|perimeter"
    r"|compound interest|dot product)\b|\b[a-z]\^\d|\d+\s*%\s*of\s*\d"
    r"|过河|相遇|说真话|说假话|说谎|方程|证明|概率|导数|积分|矩阵|求和|极限|质数|阶乘|余几|公约数|三角形|等差数列|反函数|特征值",
    re.IGNORECASE,
)
"""Words of mathematics."""
