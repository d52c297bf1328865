import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.store.FSDirectory;

/**
 * LuceneServe INDEX_DIR: answers the lines of the search-benchmark-game on standard input, as its Lucene engine does. A
 * query is terms and phrases with a sign or none; its words are a-z, which are terms as they stand.
 */
public class LuceneServe {
  private static final Pattern CLAUSE = Pattern.compile("([+-]?)(?:\"([^\"]*)\"|(\\S+))");

  public static void main(String[] args) throws Exception {
    DirectoryReader reader = DirectoryReader.open(FSDirectory.open(Path.of(args[0])));
    IndexSearcher searcher = new IndexSearcher(reader);
    searcher.setQueryCache(null);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line; (line = in.readLine()) != null; ) {
      String[] parts = line.split("\t", 2);
      out.println(answer(searcher, parts[0], parse(parts[1])));
    }
  }

  private static Query parse(String text) {
    BooleanQuery.Builder all = new BooleanQuery.Builder();
    int numClauses = 0;
    Query last = null;
    boolean signs = false;
    for (Matcher m = CLAUSE.matcher(text); m.find(); ++numClauses) {
      last =
          m.group(2) != null
              ? new PhraseQuery("body", m.group(2).toLowerCase(Locale.ROOT).split(" "))
              : new TermQuery(new Term("body", m.group(3)));
      signs |= !m.group(1).isEmpty();
      all.add(
          last,
          switch (m.group(1)) {
            case "+" -> BooleanClause.Occur.MUST;
            case "-" -> BooleanClause.Occur.MUST_NOT;
            default -> BooleanClause.Occur.SHOULD;
          });
    }
    return numClauses == 1 && !signs ? last : all.build();
  }

  private static String answer(IndexSearcher searcher, String command, Query query) throws Exception {
    if (command.equals("COUNT")) return Integer.toString(searcher.count(query));
    boolean counts = command.endsWith("_COUNT");
    int k = Integer.parseInt(command.substring(4, command.length() - (counts ? 6 : 0)));
    var manager = new TopScoreDocCollectorManager(k, counts ? Integer.MAX_VALUE : k);
    long count = searcher.search(query, manager).totalHits.value();
    return counts ? Long.toString(count) : "1";
  }
}
