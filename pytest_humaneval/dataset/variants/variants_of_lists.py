"""Templates whose problems are about lists."""

from __future__ import annotations

from pytest_humaneval.dataset.variants.variant_template import VariantTemplate as T

ORDERS = (("ascending", "False"), ("descending", "True"))
COMPARED = (("greater than", ">"), ("less than", "<"), ("at least", ">="), ("at most", "<="))

OF_LISTS = (
    T(
        0,
        "count_far_neighbours",
        "Count the pairs of neighbouring numbers in the list that differ by $cmp0 the threshold plus $k.",
        "    return sum(abs(one - other) $cmp1 threshold + $k for one, other in zip(numbers, numbers[1:]))",
        {"cmp": (("more than", ">"), ("less than", "<")), "k": (0.25, 0.5, 1, 1.5)},
    ),
    T(
        3,
        "falls_below",
        "You are given a list of deposit and withdrawal operations on an account that starts with a balance of "
        "$account0. "
        "Return True if at any point the balance is below $account1, and False otherwise.",
        "    balance = $account0\n    for operation in operations:\n        balance += operation\n"
        "        if balance < $account1:\n            return True\n    return False",
        {"account": ((1, 0), (1, 1), (2, 1), (2, 2), (3, 2))},
    ),
    T(
        4,
        "mean_distance",
        "Return the average absolute difference between each element of the list and its $point0 element.",
        "    point = $point1\n    return sum(abs(number - point) for number in numbers) / len(numbers)",
        {"point": (("smallest", "min(numbers)"), ("largest", "max(numbers)"), ("first", "numbers[0]"),
                   ("last", "numbers[-1]"))},
    ),
    T(
        5,
        "intersperse_often",
        "Insert the number 'delimeter' $times0 between every two consecutive elements of the list, and once $place0.",
        "    result = []\n    for place, number in enumerate(numbers):\n        if place:\n"
        "            result += [delimeter] * $times1\n        result.append(number)\n    return $place1",
        {"times": (("once", 1), ("twice", 2), ("three times", 3)),
         "place": (("at the end", "result + [delimeter]"), ("at the beginning", "[delimeter] + result"))},
    ),
    T(
        8,
        "sum_and_product",
        "Return a tuple of the sum of all $parts0 integers in the list and the product of all the others. An empty sum "
        "is 0, an empty product is 1.",
        "    total, product = 0, 1\n    for number in numbers:\n        if $parts1:\n            total += number\n"
        "        else:\n            product *= number\n    return total, product",
        {"parts": (("even", "number % 2 == 0"), ("odd", "number % 2 == 1"), ("negative", "number < 0"),
                   ("single-digit", "-10 < number < 10"))},
    ),
    T(
        9,
        "rolling_figure",
        "For each place in the list, return $what0 of all elements up to and including that place, as a list.",
        "    return [$what1 for seen in (numbers[:place + 1] for place in range(len(numbers)))]",
        {"what": (("the minimum", "min(seen)"), ("the maximum minus the minimum", "max(seen) - min(seen)"),
                  ("the sum of maximum and minimum", "max(seen) + min(seen)"), ("the sum", "sum(seen)"))},
    ),
    T(
        21,
        "rescale_to_range",
        "Given a list of at least two different numbers, apply a linear transform to it, such that the smallest number "
        "becomes $low and the largest becomes $high.",
        "    least, most = min(numbers), max(numbers)\n"
        "    return [$low + ($high - $low) * (number - least) / (most - least) for number in numbers]",
        {"low": (-1, 1, 2, 3), "high": (5, 10, 20, 100)},
    ),
    T(
        26,
        "by_occurrence",
        "Return the distinct elements of the list that occur $often0, $order0.",
        "    found = [number for number in dict.fromkeys(numbers) if numbers.count(number) $often1]\n    return "
        "$order1",
        {"often": (("exactly twice", "== 2"), ("at least twice", ">= 2"), ("at most twice", "<= 2")),
         "order": (("in the order in which they first appear", "found"), ("in ascending order", "sorted(found)"),
                   ("in descending order", "sorted(found, reverse=True)"))},
    ),
    T(
        30,
        "select_numbers",
        "Return only the numbers in the list that are $cmp0 $k, each of them $change0.",
        "    return [number $change1 for number in l if number $cmp1 $k]",
        {"cmp": COMPARED, "k": (-1, 1, 2, 4), "change": (("as it is", ""), ("doubled", "* 2"), ("minus 1", "- 1"))},
    ),
    T(
        33,
        "sort_every",
        "Return the list with the values at the indices that are divisible by $k sorted in $order0 order, and "
        "all other "
        "values where they are.",
        "    l = list(l)\n    l[::$k] = sorted(l[::$k], reverse=$order1)\n    return l",
        {"k": (2, 4, 5), "order": ORDERS},
    ),
    T(
        35,
        "ranked_element",
        "Return the $rank0 distinct element of the list, or None if there are fewer.",
        "    found = sorted(set(l), reverse=$rank1)\n    return found[$rank2] if len(found) > $rank2 else None",
        {"rank": (("second largest", True, 1), ("third largest", True, 2), ("second smallest", False, 1),
                  ("third smallest", False, 2))},
    ),
    T(
        37,
        "sort_half",
        "Return a list with the same values at the $kept0 indices, and the values at the $kept1 indices sorted in "
        "descending order.",
        "    l = list(l)\n    l[$kept2::2] = sorted(l[$kept2::2], reverse=True)\n    return l",
        {"kept": (("even", "odd", 1), ("odd", "even", 0))},
    ),
    T(
        40,
        "triples_sum_to",
        "Return True if there are three elements at different places of the list that sum to $k, and False otherwise.",
        "    return any(l[a] + l[b] + l[c] == $k for a in range(len(l)) for b in range(a) for c in range(b))",
        {"k": (4, 5, 6, 8, 9)},
    ),
    T(
        42,
        "change_elements",
        "Return the list with its elements $change0, and those at odd indices negated after that.",
        "    return [(number $change1) * (-1 if place % 2 else 1) for place, number in enumerate(l)]",
        {"change": (("incremented by 2", "+ 2"), ("multiplied by 3", "* 3"), ("decremented by 4", "- 4"),
                    ("incremented by 7", "+ 7"))},
    ),
    T(
        43,
        "count_pairs",
        "Return the number of pairs of elements at different places of the list that sum to $k.",
        "    return sum(l[a] + l[b] == $k for a in range(len(l)) for b in range(a))",
        {"k": (2, 3, 4, 5, 8)},
    ),
    T(
        52,
        "count_by_threshold",
        "Return how many numbers in the list l are $cmp0 the threshold t minus $k.",
        "    return sum(number $cmp1 t - $k for number in l)",
        {"cmp": COMPARED, "k": (1, 2, 3, 4)},
    ),
    T(
        57,
        "small_steps",
        "Return True if no two neighbouring elements of the list differ by more than $k, and False otherwise.",
        "    return all(abs(one - other) <= $k for one, other in zip(l, l[1:]))",
        {"k": (3, 6, 9, 15)},
    ),
    T(
        58,
        "elements_by_list",
        "Return the sorted unique elements $which0 that are $cmp0 $k.",
        "    return sorted(number for number in $which1 if number $cmp1 $k)",
        {"which": (("of l1 that are not in l2", "set(l1) - set(l2)"), ("of l2 that are not in l1", "set(l2) - set(l1)"),
                   ("that are in only one of the two lists", "set(l1) ^ set(l2)")),
         "cmp": (("greater than", ">"), ("at least", ">=")), "k": (1, 2, 3)},
    ),
    T(
        68,
        "pluck_node",
        "Given a list of non-negative integers, return a list of the $pick0 value and its index, that of the first one "
        "if there are several. If there is no $pick1 value, return [].",
        "    found = [number for number in arr if number % 2 == $pick2]\n"
        "    return [$pick3(found), arr.index($pick3(found))] if found else []",
        {"pick": (("smallest odd", "odd", 1, "min"), ("largest odd", "odd", 1, "max"),
                  ("largest even", "even", 0, "max"))},
    ),
    T(
        72,
        "will_it_float",
        "Return True if the list q is $shape0 and the sum of its elements is $cmp0 w, and False otherwise.",
        "    return $shape1 and sum(q) $cmp1 w",
        {"shape": (("in ascending order", "q == sorted(q)"), ("in descending order", "q == sorted(q, reverse=True)"),
                   ("the same backwards", "q == q[::-1]")), "cmp": (("at least", ">="), ("greater than", ">"))},
    ),
    T(
        85,
        "add_elements_at",
        "Given a non-empty list of integers, add the $parity0 elements that are at $place0 indices.",
        "    return sum(number for place, number in enumerate(lst) if number % 2 == $parity1 and place $place1)",
        {"parity": (("even", 0), ("odd", 1)),
         "place": (("even", "% 2 == 0"), ("the first three", "< 3"), ("all but the first", "> 0"))},
    ),
    T(
        90,
        "ranked_distinct",
        "Return the $rank0 distinct element of the list, multiplied by $k. Return None if there is no such element.",
        "    found = sorted(set(lst), reverse=$rank1)\n    return found[$rank2] * $k if len(found) > $rank2 else None",
        {"rank": (("2nd largest", True, 1), ("2nd smallest", False, 1), ("3rd smallest", False, 2)), "k": (2, 3, 10)},
    ),
    T(
        104,
        "without_digit",
        "Given a list of positive integers x, return a sorted list of all elements that $have0 the digit $d.",
        "    return sorted(number for number in x if '$d' $have1 str(number))",
        {"have": (("have not", "not in"), ("have", "in")), "d": (1, 2, 3, 5)},
    ),
    T(
        108,
        "count_by_digits",
        "Count the integers in the list whose sum of digits is $cmp0 $k. The sign of a number plays no part.",
        "    return sum(sum(map(int, str(abs(number)))) $cmp1 $k for number in arr)",
        {"cmp": COMPARED, "k": (2, 3, 4, 5)},
    ),
    T(
        121,
        "sum_selected",
        "Given a non-empty list of integers, return the sum of all of the $parity0 elements that are in $place0 "
        "positions, counted from 0.",
        "    return sum(number for place, number in enumerate(lst) if place % 2 == $place1 and number % 2 == $parity1)",
        {"parity": (("even", 0),), "place": (("even", 0), ("odd", 1))},
    ),
    T(
        122,
        "add_by_length",
        "Given a non-empty list of integers arr and an integer k, return the sum of the elements with $length0 "
        "from the "
        "$end0 k elements of arr. A sign is no digit.",
        "    return sum(number for number in $end1 if len(str(abs(number))) $length1)",
        {"length": (("one digit", "== 1"), ("exactly two digits", "== 2"), ("at least two digits", ">= 2"),
                    ("at most three digits", "<= 3")),
         "end": (("first", "arr[:k]"), ("last", "arr[-k:]"))},
    ),
    T(
        133,
        "sum_powers",
        "Round each number in the list $round0 to an integer, and return the sum of $power0 of these integers.",
        "    import math\n    return sum(math.$round1(number) ** $power1 for number in lst)",
        {"round": (("down", "floor"), ("up", "ceil")), "power": (("the cubes", 3), ("the fourth powers", 4))},
    ),
    T(
        135,
        "find_break",
        "Return the $end0 index of an element that is $cmp0 the element right before it, and -1 if there is no such "
        "element.",
        "    found = [place for place in range(1, len(arr)) if arr[place] $cmp1 arr[place - 1]]\n"
        "    return $end1(found) if found else -1",
        {"end": (("smallest", "min"), ("largest", "max")), "cmp": (("greater than", ">"), ("at least twice",
         ">= 2 *"))},
    ),
    T(
        142,
        "sum_by_index",
        "Square each integer in the list whose index is a multiple of $by0, cube each one whose index is a multiple of "
        "$by1 and not of $by0, leave the others as they are, and return the sum of all entries.",
        "    return sum(number ** (2 if place % $by0 == 0 else 3 if place % $by1 == 0 else 1)"
        " for place, number in enumerate(lst))",
        {"by": ((2, 5), (2, 3), (5, 2), (4, 3), (5, 3))},
    ),
    T(
        146,
        "special_numbers",
        "Return the number of elements in the list that are greater than $k and whose first digit is $first0 $with "
        "whose last digit is $last0.",
        "    return sum(number > $k and (int(str(number)[0]) % 2 == $first1 $with int(str(number)[-1]) % 2 == $last1)"
        " for number in nums)",
        {"k": (9, 12, 20), "first": (("even", 0), ("odd", 1)), "with": ("or",), "last": (("even", 0), ("odd", 1))},
    ),
    T(
        151,
        "sum_of_powers",
        "Given a list of numbers, return the sum of $power0 of the $parity0 ones among them. Ignore numbers that are "
        "negative or not integers.",
        "    return sum(number ** $power1 for number in lst"
        " if isinstance(number, int) and number > 0 and number % 2 == $parity1)",
        {"power": (("squares", 2), ("cubes", 3)), "parity": (("even", 0),)},
    ),
)  # fmt: skip
