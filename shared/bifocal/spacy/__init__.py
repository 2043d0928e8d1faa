"""bifocal as a component of a spaCy pipeline.

nlp.add_pipe("bifocal_relations", config={"url": "http://127.0.0.1:8420"})
doc = nlp("The old dog chased the cats.")
for relation in doc._.relations:
    print(relation.a, relation.b, relation.verdict)
"""

from bifocal.spacy.component import RelationsComponent, make_relations
from bifocal.spacy.relations import SpanRelation

__all__ = ["RelationsComponent", "SpanRelation", "make_relations"]
