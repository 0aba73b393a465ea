package org.neuralattention.bench.report;

import java.util.ArrayList;
import java.util.List;

/** A text whose words are coloured by their roles in one layer and KV head; a picker chooses another. Where no script runs, the first is shown. */
public final class WordMap implements Figure {

    /** Roles are told to the script as digits of this base; those beyond share the last. */
    private static final int BASE = 36;

    private static final String SCRIPT = """
            {const box=document.currentScript.parentElement,words=box.querySelectorAll('.text span'),picker=box.querySelector('select');
            box.querySelector('label').hidden=false;
            picker.onchange=()=>{const roles=picker.selectedOptions[0].dataset.roles;
            words.forEach((word,i)=>{word.className='w'+Math.min(parseInt(roles[i],36),%d)})}}
            """.formatted(Palette.ROLES - 1);

    private record Head(String name, int[] roles) {}

    private final List<String> words;
    private final List<String> roleNames;
    private final List<Head> heads = new ArrayList<>();

    /**
     * @param words text of each token, in order
     * @param roleNames name of each role: global, local, then one per window
     */
    public WordMap(List<String> words, List<String> roleNames) {
        this.words = List.copyOf(words);
        this.roleNames = List.copyOf(roleNames);
    }

    /** Adds a layer's head; {@code roles[i]} is the role of word i. */
    public WordMap head(String name, int[] roles) {
        if (roles.length != words.size()) {
            throw new IllegalArgumentException(name + ": " + roles.length + " roles for " + words.size() + " words");
        }
        heads.add(new Head(name, roles.clone()));
        return this;
    }

    @Override
    public String html() {
        StringBuilder html = new StringBuilder("<div class=\"words\">\n<label hidden=\"hidden\">layer and head <select>\n");
        for (Head head : heads) {
            html.append("<option data-roles=\"");
            for (int role : head.roles) {
                html.append(Character.forDigit(Math.min(role, BASE - 1), BASE));
            }
            html.append("\">").append(Svg.escape(head.name)).append("</option>\n");
        }
        html.append("</select></label>\n").append(heads.isEmpty() ? "" : "<noscript><p class=\"soft\">" + Svg.escape(heads.getFirst().name) + "</p></noscript>\n")
                .append("<p class=\"text\">");
        for (int i = 0; i < words.size(); i++) {
            int role = heads.isEmpty() ? 0 : heads.getFirst().roles[i];
            html.append("<span class=\"").append(Palette.word(role)).append("\">").append(Svg.escape(words.get(i))).append("</span>");
        }
        return html.append("</p>\n").append("<script>\n").append(SCRIPT).append("</script></div>\n").append(Palette.legend(Palette.roleEntries(roleNames))).toString();
    }
}
