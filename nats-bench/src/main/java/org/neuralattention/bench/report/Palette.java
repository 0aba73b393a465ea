package org.neuralattention.bench.report;

import java.util.List;

/**
 * The style sheet. Colours are those of Okabe and Ito (told apart with any colour vision), darkened on light and lightened
 * on dark ground until they have a contrast of 3 : 1; shapes and dashes say the same as colours do.
 */
final class Palette {

    /** Number of series styles: classes l0.. for lines, f0.. for fills; r0.. are roles, w0.. words of a role, h0.. shades. */
    static final int SERIES = 6;

    static final String CSS = """
            :root{--ground:#fff;--ink:#1a1f26;--soft:#56606b;--grid:#e2e6ea;--card:#f6f8fa;
            --c0:#0072b2;--c1:#d55e00;--c2:#008a64;--c3:#b5488a;--c4:#8a6d00;--c5:#5a6470;
            --r0:#0072b2;--r1:#e69f00;--r2:#d9dee3;--r3:#b3bcc5;--r4:#8d98a4;--on0:#fff}
            @media(prefers-color-scheme:dark){:root{--ground:#12161b;--ink:#e8ecf0;--soft:#a3adb8;--grid:#2c333b;--card:#1a2027;
            --c0:#56b4e9;--c1:#f0803c;--c2:#2fc79b;--c3:#e39ac4;--c4:#e0c040;--c5:#a3adb8;
            --r0:#56b4e9;--r1:#e69f00;--r2:#39424c;--r3:#56616d;--r4:#77838f;--on0:#12161b}}
            *{box-sizing:border-box}
            body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
            main{max-width:1100px;margin:0 auto;padding:24px 16px 64px}
            h1{font-size:1.6rem;line-height:1.25;margin:0 0 4px}h2{font-size:1.2rem;margin:40px 0 8px}p{max-width:70ch;margin:8px 0}
            .soft,figcaption,caption{color:var(--soft)}
            dl{display:flex;flex-wrap:wrap;gap:12px;margin:20px 0}
            dl div{background:var(--card);border-radius:8px;padding:10px 16px;min-width:130px;flex:0 1 auto}
            dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.45rem;font-variant-numeric:tabular-nums}
            .wide{overflow-x:auto}
            table{border-collapse:collapse;margin:12px 0;font-variant-numeric:tabular-nums}caption{text-align:left;padding:4px 0}
            th,td{padding:6px 14px 6px 0;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
            th:first-child,td:first-child{text-align:left}thead th{color:var(--soft);font-weight:600}tbody th{font-weight:400}tbody th.group{font-weight:600;padding-top:14px}
            .figures{display:flex;flex-wrap:wrap;gap:8px 32px}
            figure{margin:12px 0;max-width:100%;flex:0 1 510px}figure:has(.wide),figure:has(.words){flex-basis:100%}figure h3{font-size:1rem;margin:0 0 4px}figcaption{font-size:.9rem;max-width:70ch}
            svg{display:block;width:100%;height:auto}
            text{fill:var(--ink);font-size:14px}text.tick,text.axis{fill:var(--soft)}text.tick{font-size:13px}text.small{font-size:11px;fill:var(--soft)}
            .grid{stroke:var(--grid)}.base{stroke:var(--soft)}
            .l0,.l1,.l2,.l3,.l4,.l5{fill:none;stroke-width:2;stroke-linejoin:round}
            .l0{stroke:var(--c0)}.l1{stroke:var(--c1);stroke-dasharray:7 3}.l2{stroke:var(--c2);stroke-dasharray:2 3}
            .l3{stroke:var(--c3);stroke-dasharray:9 3 2 3}.l4{stroke:var(--c4);stroke-dasharray:12 4}.l5{stroke:var(--c5);stroke-dasharray:4 4}
            .f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}
            .r0{fill:var(--r0)}.r1{fill:var(--r1)}.r2{fill:var(--r2)}.r3{fill:var(--r3)}.r4{fill:var(--r4)}
            .causal{fill:var(--card);stroke:var(--grid)}.ink{fill:var(--ink)}.ring{fill:none;stroke:var(--ink);stroke-width:1.5}.touch{fill:transparent}.touch:hover{fill:var(--ink);fill-opacity:.18}
            .front{fill:none;stroke:var(--soft);stroke-width:1.5;stroke-dasharray:2 4}
            .h0{fill:var(--c0);fill-opacity:.06}.h1{fill:var(--c0);fill-opacity:.16}.h2{fill:var(--c0);fill-opacity:.27}.h3{fill:var(--c0);fill-opacity:.37}.h4{fill:var(--c0);fill-opacity:.48}
            .h5{fill:var(--c0);fill-opacity:.58}.h6{fill:var(--c0);fill-opacity:.69}.h7{fill:var(--c0);fill-opacity:.79}.h8{fill:var(--c0);fill-opacity:.90}.h9{fill:var(--c0);fill-opacity:1}
            text.on,text.off{font-size:11px}text.on{fill:var(--ground)}
            .words{max-width:75ch}.words .text{max-width:none;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.75;background:var(--card);border-radius:8px;padding:12px 16px}
            .words select{font:inherit;color:inherit;background:var(--card);border:1px solid var(--soft);border-radius:6px;padding:4px 8px;max-width:100%}
            .w0,.w1,.w2,.w3,.w4{border-radius:3px;padding:2px 0}.w0{background:var(--r0);color:var(--on0)}.w1{background:var(--r1);color:#12161b}
            .w2{background:var(--r2)}.w3{background:var(--r3)}.w4{background:var(--r4);color:#12161b}
            .legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 18px;margin:4px 0;padding:0;font-size:.9rem}
            .legend li{display:flex;align-items:center;gap:6px}.legend svg{width:26px;height:14px;flex:none}
            """;

    /** Number of role styles; windows beyond them share the last. */
    static final int ROLES = 5;

    private Palette() {}

    static String role(int role) {
        return "r" + Math.min(role, ROLES - 1);
    }

    /** A word of that role. */
    static String word(int role) {
        return "w" + Math.min(role, ROLES - 1);
    }

    static String line(int series) {
        return "l" + series % SERIES;
    }

    /** One entry of a legend: a small picture of 26 x 14 and its meaning. */
    static String legendEntry(String picture, String meaning) {
        return "<li><svg viewBox=\"0 0 26 14\" aria-hidden=\"true\">" + picture + "</svg>" + Svg.escape(meaning) + "</li>\n";
    }

    /** An entry for each role. */
    static String roleEntries(List<String> roleNames) {
        StringBuilder entries = new StringBuilder();
        for (int role = 0; role < roleNames.size(); role++) {
            entries.append(legendEntry("<rect class=\"" + role(role) + "\" x=\"6\" width=\"14\" height=\"14\"/>", roleNames.get(role)));
        }
        return entries.toString();
    }

    static String legend(String entries) {
        return "<ul class=\"legend\">\n" + entries + "</ul>\n";
    }
}
