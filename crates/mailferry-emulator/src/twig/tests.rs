//! Templates, table by table.

use super::*;

#[track_caller]
fn check(source: &str, expected: Option<&str>) {
    let data = serde_json::json!({
        "name": "Ann", "n": 2, "half": 1.5, "zero": 0, "no": false, "yes": true, "nothing": null,
        "plan": {"tier": "pro", "seats": 3}, "items": ["a", "b", "c"], "empty": [], "price": "4.5",
        "html": "<b>", "people": [{"name": "X"}, {"name": "Y"}],
    });
    let rendered = Template::compile(source).and_then(|template| template.render(&data));
    assert_eq!(rendered.as_ref().ok().map(|rendered| rendered.text.as_str()), expected, "{source}: {rendered:?}");
}

#[test]
fn values() {
    check("plain", Some("plain"));
    check("{{ name }}{{name}}{{ missing }}{{ missing.deep.x }}{{ nothing.x }}", Some("AnnAnn"));
    check("{{ plan.tier }} {{ plan['seats'] }} {{ items.1 }} {{ items[0] }}", Some("pro 3 b a"));
    check("{{ yes }}|{{ no }}|{{ nothing }}|{{ half }}|{{ 4 / 2 }}|{{ 7 / 2 }}", Some("1|||1.5|2|3.5"));
    check("{ name } {{ '{{ name }}' }}", Some("{ name } {{ name }}"));
    check("{{ \"a\\n'\" }}", Some("a\n'"));
}

#[test]
fn arithmetic() {
    check("{{ n + n }} {{ n - 5 }} {{ n * 3 + 1 }} {{ 1 + n * 3 }} {{ (1 + n) * 3 }}", Some("4 -3 7 7 9"));
    check("{{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 3 ** 2 }} {{ -n }} {{ price + 1 }}", Some("3 3 512 -2 5.5"));
    check("{{ name ~ ' ' ~ n ~ no }}", Some("Ann 2"));
    check("{{ 9223372036854775807 + 1 }}", Some("9.2233720368548E+18"));
    check("{{ 1 / 3 }} {{ 0.1 + 0.2 }} {{ 1 / 100000 }} {{ 100.5 * 2 }}", Some("0.33333333333333 0.3 1.0E-5 201"));
    check("{{ name + 1 }}", None);
    check("{{ 1 / 0 }}", None);
}

#[test]
fn choices() {
    check("{{ missing ?? 'x' }}{{ nothing ?? name }}{{ name ?? 'x' }}", Some("xAnnAnn"));
    check("{{ n > 1 ? 'many' : 'one' }} {{ no ? 'y' }} {{ '' ?: 'e' }}", Some("many  e"));
    check("{{ missing ?? name|upper }}", Some("ANN"));
    check("{{ missing|default('friend') }} {{ ''|default('d') }} {{ zero|default('d') }}", Some("friend d 0"));
    check("{% if plan.tier == 'pro' %}pro{% else %}free{% endif %}", Some("pro"));
    check("{% if n == 1 %}1{% elseif n == 2 %}2{% else %}3{% endif %}", Some("2"));
    check("{% if not empty and items %}ok{% endif %}", Some("ok"));
    check("{% if '0' or zero or '' %}wrong{% endif %}", Some(""));
    check("{% if n == '2' and 'a' in items and 'n' in name and 'z' not in items %}ok{% endif %}", Some("ok"));
    check("{% if name starts with 'A' and name ends with 'n' %}ok{% endif %}", Some("ok"));
    check(
        "{% if missing is not defined and empty is empty and n is even and nothing is null %}ok{% endif %}",
        Some("ok"),
    );
    check("{% if n is divisible by(2) and n is same as(2) %}ok{% endif %}", Some("ok"));
}

#[test]
fn loops() {
    check(
        "{% for i in items %}{{ loop.index }}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}",
        Some("1a,2b,3c"),
    );
    check("{% for i in 1..3 %}{{ i }}{% endfor %}", Some("123"));
    check("{% for v in plan %}{{ v }} {% endfor %}", Some("3 pro "));
    check("{% for k, v in plan %}{{ k }}={{ v }} {% endfor %}", Some("seats=3 tier=pro "));
    check("{% for k, v in items %}{{ k }}={{ v }} {% endfor %}", Some("0=a 1=b 2=c "));
    check("{% for p in people %}{{ p.name }}{% else %}none{% endfor %}", Some("XY"));
    check("{% for p in missing %}{{ p.name }}{% else %}none{% endfor %}", Some("none"));
}

#[test]
fn filters() {
    check("{{ name|upper }} {{ name|lower|capitalize }} {{ items|length }} {{ name|length }}", Some("ANN Ann 3 3"));
    check(
        "{{ plan|keys|join(', ') }} {{ items|first }}{{ items|last }} {{ items|reverse|join }}",
        Some("seats, tier ac cba"),
    );
    check("{{ html|escape }} {{ html|e }} {{ html|raw }} {{ html }}", Some("&lt;b&gt; &lt;b&gt; <b> <b>"));
    check("{{ 1234.567|number_format(2) }} {{ 1234.5|number_format(1, ',', '.') }}", Some("1,234.57 1.234,5"));
    check("{{ 2.55|round(1) }} {{ -3|abs }} {{ '  x '|trim }} {{ 'a b'|title }}", Some("2.6 -3 x A B"));
    check("{{ \"a\nb\"|nl2br }} {{ '<p>a</p>'|striptags }}", Some("a<br />\nb a"));
    check(
        "{{ 'a-b'|replace({'a': '1', 'b': name}) }} {{ name|slice(0, 2) }} {{ 'a,b'|split(',')|last }}",
        Some("1-Ann An b"),
    );
    check("{{ 'a b&c'|url_encode }}", Some("a%20b%26c"));
}

#[test]
fn whitespace() {
    check("a {{- name -}} b", Some("aAnnb"));
    check("{% if yes %}\nline\n{% endif %}\nend\n", Some("line\nend\n"));
    check("a{# comment {{ x #}b", Some("ab"));
}

#[test]
fn mistakes() {
    for wrong in [
        "{{ name",
        "{{ }}",
        "{{ name| }}",
        "{{ name|unknown }}",
        "{{ a b }}",
        "{{ (name }}",
        "{% if %}x{% endif %}",
        "{% if yes %}",
        "{% endif %}",
        "{% for in x %}{% endfor %}",
        "{% set a = 1 %}",
        "{% include 'x' %}",
        "{% macro x() %}{% endmacro %}",
        "{{ _self }}",
        "{{ _add(1, 2) }}",
        "{{ dump() }}",
        "{{ name.upper() }}",
        "{{ '{{",
        "{{ (1..100000)|length }}",
        "{{ items[0:1] }}",
        "{{ 'a #{name}' }}{{ \"a #{name}\" }}",
        "{% unknown %}",
        "{{ name ? }}",
        "{{ @ }}",
        "{# open",
        "{{ items|join( }}",
    ] {
        check(wrong, None);
    }
}

#[test]
fn subjects_have_values_only() {
    assert!(Template::compile_subject("{{ name|upper }}").is_ok());
    assert!(Template::compile_subject("{% if name %}x{% endif %}").is_err());
}

#[test]
fn nothing_runs_away() {
    let loops = "{% for a in 1..9999 %}".repeat(4) + "x" + &"{% endfor %}".repeat(4);
    check(&loops, None);
    check(&format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000)), None);
    check(&format!("{{{{ {}1 }}}}", "-".repeat(10_000)), None);
    check(&format!("{{{{ {}1 }}}}", "1 + ".repeat(10_000)), None);
    check(&format!("{{{{ {}1 }}}}", "not ".repeat(10_000)), None);
    check(&format!("{{{{ a{} }}}}", ".b".repeat(10_000)), None);
    check(&"{% if yes %}".repeat(10_000), None);
    check(&("{% if yes %}".repeat(10_000) + &"{% endif %}".repeat(10_000)), None);
}

/// `9 < 10 < 1a < 9`: PHP compares two numeric texts as numbers, and others as texts.
#[test]
fn lists_without_an_order_are_sorted_somehow() {
    let mut random = 1_u64;
    let items: Vec<String> = (0..500)
        .map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{}{}", (random >> 33) % 100, if (random >> 45).is_multiple_of(3) { "a" } else { "" })
        })
        .collect();
    let template = Template::compile("{{ items|sort|length }}").unwrap();
    assert_eq!(template.render(&serde_json::json!({"items": items})).unwrap().text, "500");
}

proptest::proptest! {
    #[test]
    fn any_template_ends_well(
        parts in proptest::collection::vec(proptest::sample::select(&[
            "{{", "}}", "{%", "%}", "{#", "#}", "-", " ", "\n", "if", "else", "elseif", "endif", "for", "endfor", "in", "is",
            "not", "a", "items", "loop", ".", "..", "|", "upper", "default", "slice", "range", "(", ")", "[", "]", "{", "}",
            ",", ":", "?", "??", "'", "\"", "\\", "1", "9223372036854775807", "0.5", "+", "*", "**", "/", "%", "//", "~", "==",
            "<", "and", "starts", "with", "ä", "😀", "same as", "divisible by", "empty",
        ]), 0..40),
    ) {
        let data = serde_json::json!({"a": {"b": -1}, "items": [1, "x", null, true, 2.5]});
        let source = parts.concat();
        for source in [source.clone(), format!("{{{{ {source} }}}}"), parts.join(" ")] {
            if let Ok(template) = Template::compile(source) {
                let _ = template.render(&data);
            }
        }
    }
}

#[track_caller]
fn problem(source: &str, place: (usize, usize), reason: &str) {
    let data = serde_json::json!({"name": "Ann", "zero": 0});
    let problem = Template::compile(source).and_then(|template| template.render(&data)).unwrap_err();
    assert_eq!((problem.line(), problem.column(), problem.reason()), (place.0, place.1, reason), "{source}");
}

#[test]
fn mistakes_have_a_place_and_a_reason() {
    problem("a\nä {{ name|shout }}", (2, 11), "there is no filter `shout`");
    problem("{{ shout(1) }}", (1, 4), "there is no function `shout`");
    problem("{{ name is loud }}", (1, 12), "there is no test `loud`");
    problem("x {% set a = 1 %}", (1, 6), "there is no tag `set` in the limited Twig");
    problem("{{ (name }}", (1, 10), "`}` closes nothing");
    problem("{{ (name", (1, 4), "`(` is never closed");
    problem("x\n{{ name", (2, 1), "the tag is never closed with `}}`");
    problem("{% if name %}\n{% else %}", (1, 1), "this `if` has no `endif`");
    problem("{% for a in name %}{% endif %}", (1, 23), "this `endif` ends nothing that is open here");
    problem("{% else %}", (1, 4), "this `else` belongs to no `if`");
    problem("{% for a name %}", (1, 10), "there is `name` where `in` should be");
    problem("{{ }}", (1, 4), "the tag ends where a value should be");
    problem("{{ name|join(1, 2) }}", (1, 9), "`join` has too many values in its brackets");
    problem("{{ name|replace }}", (1, 9), "`replace` has too few values in its brackets");
    problem(
        "{{ name|upper is defined }}",
        (1, 18),
        "only variables, and what is in them, can be tested for being defined",
    );
    problem("ok {{ 1 + name }}", (1, 9), "there is a value that is not a number");
    problem("{{ 1\n  % zero }}", (2, 3), "something is divided by zero");
    problem("{# open", (1, 1), "the comment is never closed with `#}`");
    problem("{{ a ? b : @ }}", (1, 12), "`@` means nothing here");
}

#[test]
fn excerpts_fit_their_width() {
    let source = format!("{}{{{{ a| }}}}{}", "ä".repeat(300), "b".repeat(300));
    let problem = Template::compile(source.clone()).unwrap_err();
    for width in [0, 8, 20, 80, 2_000] {
        let excerpt = problem.excerpt(&source, width);
        let (line, caret) = excerpt.split_once('\n').unwrap();
        assert!(line.chars().count() <= width.max(8) && caret.chars().count() <= width.max(8), "{width}: {excerpt}");
        assert_eq!(line.chars().nth(caret.chars().count() - 1), Some('}'), "{width}: {excerpt}");
    }
}

#[track_caller]
fn misses(source: &str, expected: &[&str]) {
    let data =
        serde_json::json!({"name": "Ann", "nothing": null, "plan": {"tier": "pro"}, "items": [{"a": 1}, {"b": 2}]});
    let rendered = Template::compile(source).unwrap().render(&data).unwrap();
    let names: Vec<&str> = rendered.missing.iter().map(|missing| missing.name.as_str()).collect();
    assert_eq!(names, expected, "{source}");
}

#[test]
fn what_is_looked_up_in_vain_is_missing() {
    misses("{{ name }}{{ nothing }}{{ plan.tier }}{{ items.0.a }}", &[]);
    misses("{{ x }}{{ plan.y }}{{ x }}{{ z.deep.er }}{{ nothing.q }}", &["x", "plan.y", "z", "nothing.q"]);
    misses("{{ x|default('d') }}{{ x.y ?? z|default }}{{ x is defined }}{{ plan.q is not defined }}", &[]);
    misses("{{ x ?? y }}{{ y|default(z) }}", &["y", "z"]);
    misses("{% if name %}a{% else %}{{ x }}{% endif %}{{ name ? 1 : y }}{{ name or z }}{{ null and z }}", &[]);
    misses("{% if x %}{% endif %}{% for i in y %}{% endfor %}{{ z is empty }}", &["x", "y", "z"]);
    misses("{% for i in items %}{{ i.a }}{% endfor %}{{ i }}{{ loop }}", &["i.a", "i", "loop"]);
    misses("{{ items[9] }}{{ plan[name] }}{{ (plan).x }}{{ name.x }}", &["items.9", "plan[…]", "plan.x", "name.x"]);
    misses("{{ unsubscribe }}", &[]);
}

#[test]
fn loops_know_where_they_are() {
    let rendered = |source: &str| {
        let data = serde_json::json!({"rows": [[1, 2], [3]]});
        Template::compile(source).unwrap().render(&data).unwrap().text
    };
    let source = "{% for row in rows %}{% for i in row %}{{ loop.parent.loop.index }}.{{ loop.index0 }}:{{ loop.revindex }}\
        /{{ loop.length }}{{ loop.first ? 'f' }} {% endfor %}{% endfor %}";
    assert_eq!(rendered(source), "1.0:2/2f 1.1:1/2 2.0:1/1f ");
    assert_eq!(rendered("{% for row in rows %}{% for row in row %}{{ row }}{% endfor %};{% endfor %}"), "12;3;");
}

#[test]
fn whitespace_goes_as_it_is_told() {
    let rendered = |source: &str| Template::compile(source).unwrap().render(&serde_json::json!({"a": 1})).unwrap().text;
    assert_eq!(rendered("x \n {{- a -}} \n y"), "x1y");
    assert_eq!(rendered("x \n {{~ a ~}} \n y"), "x \n1\n y");
    assert_eq!(rendered("x {#- c -#} y{# d #}\nz"), "xyz");
    assert_eq!(rendered("{% if a %}\r\nb{% endif %}\r\n"), "b");
}

#[test]
fn variables_are_listed_without_those_of_loops() {
    let source = "{{ b.c }}{% for k, v in list %}{{ k }}{{ v.x }}{{ loop.index }}{{ other[key] }}{% else %}{{ v }}{% endfor %}\
        {% if a and not d %}{{ {'x': e}|keys|join(f) }}{% endif %}";
    let expected = ["a", "b.c", "d", "e", "f", "key", "list", "other[…]", "v"];
    assert_eq!(Template::compile(source).unwrap().variables(), expected);
}

#[test]
fn much_of_anything_ends() {
    let long = "x".repeat(1_000_000);
    let data = serde_json::json!({"long": long, "list": vec![long.as_str(); 50], "many": vec![1; 200_000], "some": vec![1; 2_000]});
    let often =
        |text: &str| format!("{{% for a in 1..9999 %}}{{% for b in 1..99 %}}{text}{{% endfor %}}{{% endfor %}}");
    let (list, object) = ("1,".repeat(300), "a: 1,".repeat(200));
    let literals = often(&format!("{{% if [{list}] and {{{object}}} %}}{{% endif %}}"));
    let branches = often(&format!("{{% if 0 %}}{}{{% endif %}}", "{% elseif 0 %}".repeat(10_000)));
    let loops = often(&"{% for c in [] %}{% endfor %}".repeat(10_000));
    for source in [
        "{% for a in 1..9999 %}{% for b in 1..9999 %}{{ long in long }}{% endfor %}{% endfor %}",
        "{% for a in 1..9999 %}{{ list|join|upper }}{% endfor %}",
        "{% for a in 1..9999 %}{% if many == many %}{% endif %}{% endfor %}",
        "{{ 5|number_format(2, long, list|join) }}",
        "{{ long|replace({'x': long}) }}",
        "{{ long|split('')|join(long) }}",
        "{% for a in many %}{{ many|sort|reverse|first }}{% endfor %}",
        "{% for s in [some|sort] %}{% for a in 1..9999 %}{% if s == s or s is same as s %}{% endif %}{% endfor %}{% endfor %}",
        "{% for s in [some|sort] %}{% for a in 1..9999 %}{{ s[a] }}{% endfor %}{% endfor %}",
        literals.as_str(),
        branches.as_str(),
        loops.as_str(),
    ] {
        assert!(Template::compile(source).unwrap().render(&data).is_err(), "{source}");
    }
}

proptest::proptest! {
    /// A rewritten template shows what the older syntax showed.
    #[test]
    fn rewritten_templates_say_the_same(parts in proptest::collection::vec(proptest::sample::select(&[
        "{$a}", "{$b1}", "{$in}", "{$}", "{$9}", "{", "}", "{{", "}}", "{%", "%}", "{#", "#}", "$", "-", "~", " ", "\n", "'", "x", "{{a}}", "ä",
        "{{unsubscribe}}", "{{ unsubscribe }}",
    ]), 0..30)) {
        let source = parts.concat();
        let converted = to_advanced(&source, Braces::Quote);
        let values = HashMap::from([("a", "A{$b1}{{"), ("b1", "B")]);
        let simple = Syntax { advanced: false, simple: true, subject: false };
        let before = Template::read(source.as_str().into(), simple).unwrap().fill(&Value::Null, &[], Some(&values), &mut Allowance::default()).unwrap();
        let data = serde_json::json!({"a": "A{$b1}{{", "b1": "B"});
        let after = Template::compile(converted.text.as_str()).map_err(|problem| format!("{source}: {problem}")).unwrap();
        let after = after.render(&data).unwrap();
        proptest::prop_assert_eq!(after.text.replace("{{unsubscribe}}", "{{ unsubscribe }}"),
            before.text.replace("{{unsubscribe}}", "{{ unsubscribe }}"), "{}", source);
    }
}
