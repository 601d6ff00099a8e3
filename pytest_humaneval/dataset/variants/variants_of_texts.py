"""Templates whose problems are about texts."""

from __future__ import annotations

from pytest_humaneval.dataset.variants.variant_template import VariantTemplate as T

OF_TEXTS = (
    T(
        16,
        "count_repeated",
        "Given a string, return how many distinct characters (regardless of case) it has that occur $often0 in it.",
        "    text = string.lower()\n    return sum(text.count(one) $often1 for one in set(text))",
        {"often": (("at least twice", ">= 2"), ("exactly once", "== 1"), ("exactly twice", "== 2"),
                   ("at least three times", ">= 3"))},
    ),
    T(
        51,
        "remove_letters",
        "Return the string without the letters $letters0 in either case.",
        "    return ''.join(one for one in text if one.lower() not in '$letters1')",
        {"letters": (("a and e", "ae"), ("b, c and d", "bcd"), ("a, f and k", "afk"), ("e, o and z", "eoz"))},
    ),
    T(
        66,
        "sum_of_codes",
        "Return the sum of the ASCII codes of the $case0 letters in the string, minus $k for each of them.",
        "    return sum(ord(one) - $k for one in s if one.$case1())",
        {"case": (("lower-case", "islower"), ("upper-case", "isupper")), "k": (1, 32, 64)},
    ),
    T(
        80,
        "is_cheerful",
        "Return True if the string s has at least $k characters and every $k consecutive ones are distinct, and False "
        "otherwise.",
        "    return len(s) >= $k and all(len(set(s[at:at + $k])) == $k for at in range(len(s) - $k + 1))",
        {"k": (2, 4)},
    ),
    T(
        82,
        "fitting_length",
        "Return True if the length of the string $rule0, and False otherwise.",
        "    return $rule1",
        {"rule": (("is a multiple of 3", "len(string) % 3 == 0"), ("is even", "len(string) % 2 == 0"),
                  ("is at least 6", "len(string) >= 6"),
                  ("is a square number", "len(string) in (0, 1, 4, 9, 16, 25)"))},
    ),
    T(
        86,
        "arrange_words",
        "Return the string with the characters of each word (words are separated by single blanks) $how0.",
        "    return ' '.join($how1 for word in s.split(' '))",
        {"how": (("in descending order of their ASCII codes", "''.join(sorted(word, reverse=True))"),
                 ("in reverse order", "word[::-1]"), ("shifted to the left by one place", "word[1:] + word[:1]"))},
    ),
    T(
        89,
        "rotate_alphabet",
        "Return the string with each lower-case letter replaced by the one $k places $way0 in the alphabet, which goes "
        "round; other characters stay.",
        "    d = 'abcdefghijklmnopqrstuvwxyz'\n"
        "    return ''.join(d[(d.index(one) $way1 $k) % 26] if one in d else one for one in s)",
        {"k": (2, 3, 5, 7), "way": (("further on", "+"), ("further back", "-"))},
    ),
    T(
        98,
        "count_letters_at",
        "Count the $letters0 at the $place0 indices of the string s.",
        "    return sum(one in '$letters1' for one in s[$place1::2])",
        {"letters": (("upper-case vowels", "AEIOU"), ("letters from a to d in either case", "abcdABCD"),
                     ("letters from B to E, in upper case,", "BCDE")), "place": (("odd", 1),)},
    ),
    T(
        117,
        "words_by_letters",
        "Return a list of all words of the string s that contain $how0 n $letters0, in the order in which they appear. "
        "The string has only letters and blanks.",
        "    return [word for word in s.split() if sum(one.lower() $letters1 'aeiou' for one in word) $how1 n]",
        {"how": (("at least", ">="), ("less than", "<")), "letters": (("consonants", "not in"), ("vowels", "in"))},
    ),
)  # fmt: skip
