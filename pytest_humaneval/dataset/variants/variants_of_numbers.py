"""Templates whose problems are about numbers."""

from __future__ import annotations

from pytest_humaneval.dataset.variants.variant_template import VariantTemplate as T

OF_NUMBERS = (
    T(
        13,
        "common_divisors",
        "Return the number of common divisors of two positive integers a and b that are greater than $k.",
        "    return sum(a % one == 0 and b % one == 0 for one in range($k + 1, min(a, b) + 1))",
        {"k": (1, 2, 3)},
    ),
    T(
        24,
        "least_divisor",
        "Return the smallest number greater than $k that divides n evenly, or n itself if there is none.",
        "    return next((one for one in range($k + 1, n) if n % one == 0), n)",
        {"k": (2, 3, 4, 5)},
    ),
    T(
        31,
        "has_divisors",
        "Return True if the positive integer n has $how0 $k positive divisors, and False otherwise. 1 and n are "
        "divisors, too.",
        "    return sum(n % one == 0 for one in range(1, n + 1)) $how1 $k",
        {"how": (("exactly", "=="), ("at least", ">="), ("at most", "<=")), "k": (3, 4)},
    ),
    T(
        36,
        "count_digit",
        "Return the number of times the digit $d appears in the integers less than n which are divisible by $by0 or "
        "$by1.",
        "    return sum(str(one).count('$d') for one in range(n) if one % $by0 == 0 or one % $by1 == 0)",
        {"d": (1, 2, 3, 4, 6), "by": ((7, 9), (6, 17), (8, 13), (5, 12))},
    ),
    T(
        41,
        "lane_collisions",
        "On a straight, infinitely long road n cars drive from left to right, and $k times as many cars drive "
        "from right "
        "to left, all at the same speed; the two sets begin very far from each other. Cars pass through each "
        "other when "
        "they collide. Return the number of collisions.",
        "    return $k * n * n",
        {"k": (2, 3, 4, 5)},
    ),
    T(
        46,
        "four_term_sequence",
        "A sequence begins with $a, $b, $c, $d, as its elements 0 to 3; each further element is the sum of the four "
        "before it $more0. Return its n-th element. Do not use recursion.",
        "    found = [$a, $b, $c, $d]\n    while len(found) <= n:\n        found.append(sum(found[-4:]) $more1)\n"
        "    return found[n]",
        {"a": (0, 1), "b": (1, 2), "c": (0, 3), "d": (1, 4), "more": (("plus 1", "+ 1"), ("minus 1", "- 1"))},
    ),
    T(
        49,
        "power_modulo",
        "Return $base to the power of n, plus $k, modulo p.",
        "    return (pow($base, n, p) + $k) % p",
        {"base": (3, 5, 7), "k": (0, 1, 2)},
    ),
    T(
        55,
        "two_term_sequence",
        "A sequence begins with $a and $b, as its elements 0 and 1; each further element is the one before it plus $k0 "
        "the one before that. Return its n-th element.",
        "    one, other = $a, $b\n    for _ in range(n):\n        one, other = other, other + $k1 * one\n    "
        "return one",
        {"a": (1, 2, 3), "b": (1, 4, 5), "k": (("twice", 2), ("three times", 3))},
    ),
    T(
        60,
        "sum_of_multiples",
        "Return the sum of the numbers from 1 to n that are $which0 $k.",
        "    return sum(one for one in range(1, n + 1) if one % $k $which1 0)",
        {"which": (("multiples of", "=="), ("no multiples of", "!=")), "k": (2, 3, 4, 5)},
    ),
    T(
        63,
        "three_term_sequence",
        "A sequence begins with $a, $b, $c, as its elements 0 to 2; each further element is the sum of the "
        "$pair0 of the "
        "three before it. Return its n-th element.",
        "    found = [$a, $b, $c]\n    while len(found) <= n:\n        last = found[-3:]\n"
        "        found.append(last[$pair1] + last[$pair2])\n    return found[n]",
        {"a": (0, 1), "b": (1, 2), "c": (1, 3), "pair": (("first and last", 0, 2), ("first and second", 0, 1))},
    ),
    T(
        97,
        "combine_unit_digits",
        "Return the unit digit of the first integer $with0 the unit digit of the second one $more0. The sign of "
        "a number "
        "plays no part.",
        "    return abs(a) % 10 $with1 abs(b) % 10 $more1",
        {"with": (("plus", "+"), ("minus", "-")), "more": (("plus 1", "+ 1"), ("plus 5", "+ 5"), ("minus 2", "- 2"))},
    ),
    T(
        100,
        "make_a_tower",
        "A tower has n levels of stones. The first level has $first0 stones, and each further level has $k stones more "
        "than the one before. Return the number of stones in each level in a list.",
        "    return [$first1 + $k * level for level in range(n)]",
        {"first": (("n", "n"), ("2 * n", "2 * n"), ("n + 1", "n + 1")), "k": (3, 4, 5)},
    ),
    T(
        102,
        "choose_multiple",
        "Return the $end0 multiple of $k that is in the range [x, y], both inclusive, of two positive numbers x and y. "
        "If there is none, return -1.",
        "    found = [one for one in range(x, y + 1) if one % $k == 0]\n    return $end1(found) if found else -1",
        {"end": (("largest", "max"), ("smallest", "min")), "k": (3, 4, 5)},
    ),
    T(
        131,
        "combine_digits",
        "Given a positive integer n, return the $how0 of its $parity0 digits, and -1 if it has none.",
        "    import math\n    found = [int(one) for one in str(n) if int(one) % 2 == $parity1]\n"
        "    return $how1(found) if found else -1",
        {"how": (("sum", "sum"), ("product", "math.prod"), ("largest", "max")), "parity": (("even", 0), ("odd", 1))},
    ),
    T(
        138,
        "is_sum_of_even",
        "Return True if the number n can be written as the sum of exactly $k positive even numbers, and False "
        "otherwise.",
        "    return n % 2 == 0 and n >= 2 * $k",
        {"k": (3, 5, 6)},
    ),
    T(
        147,
        "count_triples",
        "Given a positive integer n, let a[i] = i * i - i + $c for each i from 1 to n. Return the number of triples "
        "(a[i], a[j], a[k]) with i < j < k whose sum is a multiple of $k.",
        "    a = [one * one - one + $c for one in range(1, n + 1)]\n"
        "    return sum((a[x] + a[y] + a[z]) % $k == 0 for x in range(n) for y in range(x) for z in range(y))",
        {"c": (2, 3, 4), "k": (5, 7)},
    ),
    T(
        150,
        "choose_by_number",
        "Return x if n is $rule0, and y otherwise.",
        "    return x if $rule1 else y",
        {"rule": (("a multiple of 3", "n % 3 == 0"), ("an even number", "n % 2 == 0"), ("greater than 20", "n > 20"),
                  ("a square number", "round(n ** 0.5) ** 2 == n"))},
    ),
    T(
        155,
        "count_digits_by_size",
        "Given an integer, return a tuple that has the number of its digits below $k and the number of its "
        "other digits.",
        "    digits = [int(one) for one in str(abs(num))]\n"
        "    return sum(one < $k for one in digits), sum(one >= $k for one in digits)",
        {"k": (3, 4, 5, 6)},
    ),
    T(
        163,
        "generate_digits",
        "Given two positive integers a and b, return the digits from 1 to 9 between a and b, both inclusive, that are "
        "$rule0, in $order0 order.",
        "    found = [one for one in range(1, 10) if min(a, b) <= one <= max(a, b) and one $rule1]\n    return "
        "found$order1",
        {"rule": (("odd", "% 2 == 1"), ("multiples of 3", "% 3 == 0"), ("no multiples of 4", "% 4 != 0")),
         "order": (("ascending", ""), ("descending", "[::-1]"))},
    ),
)  # fmt: skip
